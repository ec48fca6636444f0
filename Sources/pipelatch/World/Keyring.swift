import PipelatchCore
import PipelatchVendors
import Subprocess

/// Finds what proves to a vendor who is asking, and names what to set where nothing is found.
struct Keyring: Sendable {
  var environment: Environment
  /// From `--token-file`.
  var tokenFile: String?
  /// From `--token-command`, given to `sh -c`.
  var tokenCommand: String?
  /// For a role, which has to be asked for.
  var transport: any Transport
  var now: @Sendable () -> Timestamp

  /// Comes before every vendor's own variable.
  static let common = "PIPELATCH_TOKEN"

  /// Throws `.notConfigured`, naming the variables, where nothing is found.
  func wallet(
    for vendor: any Vendor.Type, at server: Server
  ) async throws(Failure) -> Wallet {
    var forms = vendor.credentials(for: server)
    if tokenFile != nil || tokenCommand != nil {
      forms.removeAll { !$0.isToken }
      guard !forms.isEmpty else {
        throw Failure(
          .usage, "\(vendor.card.name) is not asked with a token",
          remedy: "Leave --token-file and --token-command out")
      }
    }
    for form in forms {
      guard let credential = try await credential(form) else { continue }
      guard renews(form) else { return Wallet(credential, source: form.source) }
      return Wallet(credential, source: form.source) { () throws(Failure) in
        guard let fresh = try await self.credential(form) else { return credential }
        return fresh
      }
    }
    throw Failure(
      .notConfigured, "no credential for \(vendor.card.name) is set",
      remedy: "Set \(forms.compactMap(\.advice).joined(separator: ", or "))")
  }

  /// Whether asking again may give something else.
  private func renews(_ form: CredentialForm) -> Bool {
    switch form {
    case .token: tokenCommand != nil || tokenFile != nil
    case .role, .file: true
    case .keys, .login, .anonymous: false
    }
  }

  private func credential(_ form: CredentialForm) async throws(Failure) -> Credential? {
    switch form {
    case .token(let names): return try await token(names)
    case .keys(let id, let secret, let session):
      guard let (key, value) = try pair(id, secret) else { return nil }
      return .keys(
        id: try Self.clean(key, from: id), secret: Secret(try Self.clean(value, from: secret)),
        session: try session.flatMap { environment[$0] }.map { (text) throws(Failure) in
          Secret(try Self.clean(text, from: session ?? ""))
        })
    case .login(let user, let password):
      guard let (name, value) = try pair(user, password) else { return nil }
      return .login(user: name, password: Secret(value))
    case .anonymous: return Credential.none
    case .file(let file):
      guard environment.exists(file.path) else { return nil }
      return try file.read(try environment.read(file.path, for: file.path), environment.variables)
    case .role(let role):
      let world = CredentialRole.World(
        environment: environment.variables,
        read: { [environment] (path) throws(Failure) in try environment.read(path, for: path) },
        transport: transport, now: now())
      return try await role.assume(world)
    }
  }

  /// The values of two variables that go together; nil where neither is set.
  private func pair(_ one: String, _ other: String) throws(Failure) -> (String, String)? {
    if let first = environment[one], let second = environment[other] { return (first, second) }
    guard let half = [one, other].first(where: { environment[$0] != nil }) else { return nil }
    let missing = half == one ? other : one
    throw Failure(
      .notConfigured, "\(missing) is not set, though \(half) is", remedy: "Set \(missing)")
  }

  private func token(_ names: [String]) async throws(Failure) -> Credential? {
    if let tokenFile {
      let text = try environment.read(tokenFile, for: "--token-file")
      return .token(
        Secret(try Self.clean(text, from: "--token-file")), from: "--token-file \(tokenFile)")
    }
    if let tokenCommand {
      return .token(Secret(try await Self.output(of: tokenCommand)), from: "--token-command")
    }
    for name in [Self.common] + names {
      guard let value = environment[name] else { continue }
      return .token(Secret(try Self.clean(value, from: name)), from: name)
    }
    return nil
  }

  private static func output(of command: String) async throws(Failure) -> String {
    let failure = Failure(
      .notConfigured, "--token-command did not give a token",
      remedy: "Run it by hand; it must print the token and exit 0")
    do {
      let result = try await run(
        .name("sh"), arguments: ["-c", command], output: .string(limit: 1 << 20),
        error: .discarded)
      guard result.terminationStatus.isSuccess else { throw failure }
      return try clean(result.standardOutput, from: "--token-command")
    } catch let error as Failure {
      throw error
    } catch {
      throw failure
    }
  }

  /// A secret without the white space around it; one with control characters inside could split a header.
  private static func clean(_ text: String, from source: String) throws(Failure) -> String {
    let trimmed = text.drop { $0.isWhitespace }
    let end = trimmed.lastIndex { !$0.isWhitespace }.map { trimmed.index(after: $0) }
    let value = trimmed[..<(end ?? trimmed.startIndex)]
    guard !value.isEmpty, value.unicodeScalars.allSatisfy({ (33...126).contains($0.value) }) else {
      throw Failure(.notConfigured, "\(source) holds no usable token or key")
    }
    return String(value)
  }
}

extension CredentialForm {
  var isToken: Bool { if case .token = self { true } else { false } }

  /// What to set, or nil where there is nothing to say.
  var advice: String? {
    switch self {
    case .token(let names): names.joined(separator: " or ")
    case .keys(let id, let secret, _): "\(id) and \(secret)"
    case .login(let user, let password): "\(user) and \(password)"
    case .file(let file): file.path
    case .role, .anonymous: nil
    }
  }

  /// Where a credential of this form was found; nil where it says so itself.
  var source: String? {
    switch self {
    case .keys, .login, .file: advice
    case .role(let role): role.variables.joined(separator: ", ")
    case .token, .anonymous: nil
    }
  }
}
