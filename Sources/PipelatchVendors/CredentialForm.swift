public import PipelatchCore

/// One way to be known to a vendor, named by what a user sets.
public enum CredentialForm: Sendable {
  /// A single token; the first variable that is set wins.
  case token([String])
  case keys(id: String, secret: String, session: String?)
  case login(user: String, password: String)
  /// A file that the vendor's own tools keep.
  case file(CredentialFile)
  /// A role that is assumed with the platform's own identity token.
  case role(CredentialRole)
  /// The vendor can be asked without any.
  case anonymous
}

/// Where a vendor's own tools keep credentials, and how the file is read.
public struct CredentialFile: Sendable {
  /// `~/` is the home directory.
  public var path: String
  /// From the file's text and the environment; nil where the file has nothing to say.
  public var read:
    @Sendable (_ text: String, _ environment: [String: String]) throws(Failure) -> Credential?

  public init(
    path: String,
    read: @escaping @Sendable (String, [String: String]) throws(Failure) -> Credential?
  ) {
    self.path = path
    self.read = read
  }
}

/// A role, and how its credential is asked for.
public struct CredentialRole: Sendable {
  /// What a role's exchange needs of the world.
  public struct World: Sendable {
    public var environment: [String: String]
    /// The text of a file. Throws `.notConfigured` where it cannot be read.
    public var read: @Sendable (String) throws(Failure) -> String
    public var transport: any Transport
    public var now: Timestamp

    public init(
      environment: [String: String], read: @escaping @Sendable (String) throws(Failure) -> String,
      transport: any Transport, now: Timestamp
    ) {
      self.environment = environment
      self.read = read
      self.transport = transport
      self.now = now
    }
  }

  /// The variables that name it; all must be set.
  public var variables: [String]
  /// Nil where the environment names no role.
  public var assume: @Sendable (World) async throws(Failure) -> Credential?

  public init(
    variables: [String], assume: @escaping @Sendable (World) async throws(Failure) -> Credential?
  ) {
    self.variables = variables
    self.assume = assume
  }
}
