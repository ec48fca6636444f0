public import PipelatchCore

/// A vendor's own words about what is wrong.
public struct Complaint: Hashable, Sendable {
  public var code: String?
  public var message: String?
  /// What the vendor means, where the status alone does not say it.
  public var kind: Failure.Kind?
  public var remedy: String?
  public var retryAfter: Duration?
  /// A quota that no patience cures is used up: the credentials are good.
  public var isQuota = false

  public init(
    code: String? = nil, message: String? = nil, kind: Failure.Kind? = nil, remedy: String? = nil,
    retryAfter: Duration? = nil
  ) {
    self.code = code
    self.message = message
    self.kind = kind
    self.remedy = remedy
    self.retryAfter = retryAfter
  }

  func failure(
    _ response: Response, of request: Request, credential: Credential, source: String? = nil,
    now: Timestamp
  ) -> Failure {
    let kind = kind ?? Self.kind(of: response.status)
    var said = [code, message].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ": ")
    if said.isEmpty { said = "no reason given" }
    return Failure(
      kind,
      "\(isQuota ? Self.quota : Self.opening(kind, credential, source)) HTTP \(response.status): \(said.prefix(500))",
      remedy: remedy ?? Self.remedy(kind, credential), address: request.address,
      status: response.status, code: code,
      retryAfter: retryAfter ?? Patience.asked(by: response, at: now))
  }

  private static func kind(of status: Int) -> Failure.Kind {
    switch status {
    case 401, 403, 407: .refused
    case 404, 410: .missing
    case 429: .throttled
    case 408, 425, 500...: .unreachable
    case 400..<500: .rejected
    default: .unreadable
    }
  }

  private static let quota = "the vendor allows no more requests,"

  private static func opening(
    _ kind: Failure.Kind, _ credential: Credential, _ source: String?
  ) -> String {
    switch kind {
    case .refused: "the vendor refuses \(name(credential, source)),"
    case .missing: "the vendor knows no such pipeline or run,"
    case .throttled: "the vendor asks for patience,"
    case .unreachable: "the vendor has trouble,"
    default: "the vendor answers"
    }
  }

  private static func name(_ credential: Credential, _ source: String?) -> String {
    let place = source.map { " in \($0)" } ?? ""
    return switch credential {
    case .token(_, let source): "the token in \(source)"
    case .keys: "the access key\(place)"
    case .login: "the user and the password\(place)"
    case .none: "to answer without credentials"
    }
  }

  private static func remedy(_ kind: Failure.Kind, _ credential: Credential) -> String? {
    switch (kind, credential) {
    case (.refused, .token): "Check the token and its permissions"
    case (.refused, .keys): "Check the access key, its secret and its permissions"
    case (.refused, .login): "Check the user, the password and the permissions"
    case (.refused, .none): "Set the vendor's credentials; 'pipelatch vendors' names them"
    case (.missing, _): "Check the target"
    default: nil
    }
  }
}
