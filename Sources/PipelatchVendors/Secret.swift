/// A text that cannot print itself.
public struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  private let value: String

  public init(_ value: String) { self.value = value }

  public var description: String { "***" }
  public var debugDescription: String { "***" }
  public var customMirror: Mirror { Mirror(self, children: []) }

  /// The text itself, for a header or a signature and nothing else.
  public func revealed() -> String { value }
}

/// What proves to a vendor who is asking.
public enum Credential: Hashable, Sendable {
  case none
  case token(Secret, from: String)
  case keys(id: String, secret: Secret, session: Secret?)
  case login(user: String, password: Secret)

  /// Every text that must not be printed.
  public var secrets: [Secret] {
    switch self {
    case .none: []
    case .token(let token, _): [token]
    case .keys(_, let secret, let session): [secret] + (session.map { [$0] } ?? [])
    case .login(_, let password): [password]
    }
  }
}
