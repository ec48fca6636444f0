import FoundationEssentials
public import PipelatchCore

/// A role of Alibaba Cloud that is assumed with the platform's own identity token.
/// https://help.aliyun.com/zh/ram/developer-reference/api-sts-2015-04-01-assumerolewithoidc
public struct AlibabaRole: Sendable {
  /// The environment variables that say which role, with which token, and where to ask.
  public static let variables = [
    roleVariable, providerVariable, tokenVariable, sessionVariable, regionVariable, vpcVariable,
  ]

  static let form = CredentialRole(variables: [roleVariable, providerVariable, tokenVariable]) {
    (world) throws(Failure) in
    guard let role = try AlibabaRole(world.environment) else { return nil }
    let token = Secret(try world.read(role.tokenFile))
    return try await role.assume(with: token, over: world.transport, now: world.now).credential
  }

  /// A credential and the moment it ends.
  public struct Assumed: Sendable {
    public let credential: Credential
    public let expires: Timestamp
  }

  private static let roleVariable = "ALIBABA_CLOUD_ROLE_ARN"
  private static let providerVariable = "ALIBABA_CLOUD_OIDC_PROVIDER_ARN"
  private static let tokenVariable = "ALIBABA_CLOUD_OIDC_TOKEN_FILE"
  private static let sessionVariable = "ALIBABA_CLOUD_ROLE_SESSION_NAME"
  private static let regionVariable = "ALIBABA_CLOUD_STS_REGION"
  private static let vpcVariable = "ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED"
  private static let seconds = 3600

  /// Where the token is to be read, anew each time: platforms replace it.
  public let tokenFile: String
  private let role: String
  private let provider: String
  private let session: String
  private let server: Server

  /// Nil unless role, provider and token file are all named. Throws `.notConfigured` for a region that is none.
  public init?(_ environment: [String: String]) throws(Failure) {
    guard let role = environment[Self.roleVariable], !role.isEmpty,
      let provider = environment[Self.providerVariable], !provider.isEmpty,
      let tokenFile = environment[Self.tokenVariable], !tokenFile.isEmpty
    else { return nil }
    self.role = role
    self.provider = provider
    self.tokenFile = tokenFile
    session = environment[Self.sessionVariable].flatMap { $0.isEmpty ? nil : $0 } ?? "pipelatch"
    guard let region = environment[Self.regionVariable], !region.isEmpty else {
      server = Server(host: "sts.aliyuncs.com")
      return
    }
    guard region.isRegion else {
      throw Failure(.notConfigured, "\(Self.regionVariable) is no region", remedy: "Correct it")
    }
    let vpc = environment[Self.vpcVariable]?.lowercased() == "true"
    server = Server(host: "\(vpc ? "sts-vpc" : "sts").\(region).aliyuncs.com")
  }

  /// Exchanges the token for a credential with one unsigned request, which carries the token in its body.
  public func assume(
    with token: Secret, over transport: any Transport, now: Timestamp
  ) async throws(Failure) -> Assumed {
    let request = request(token.revealed().trimmed, now)
    let response = try await transport.send(request)
    guard response.status == 200 else {
      var complaint = AlibabaGateway.complaint(in: response, now: now) ?? Complaint()
      if complaint.kind == nil, (400..<500).contains(response.status), response.status != 429 {
        complaint.kind = .refused
      }
      if complaint.message?.contains(token.revealed().trimmed) == true { complaint.message = nil }
      complaint.remedy =
        complaint.remedy
        ?? "Check \(Self.roleVariable), \(Self.providerVariable) and the token in"
        + " \(Self.tokenVariable)"
      throw complaint.failure(
        response, of: request, credential: .token(token, from: Self.tokenVariable), now: now)
    }
    guard let answer = try? JSONDecoder().decode(WireAnswer.self, from: Data(response.body)) else {
      throw Failure(
        .unreadable, "the answer holds no credential", address: request.address, status: 200)
    }
    let keys = answer.credentials
    return Assumed(
      credential: .keys(
        id: keys.accessKeyID, secret: Secret(keys.accessKeySecret),
        session: Secret(keys.securityToken)),
      expires: keys.expiration.flatMap(Timestamp.init(iso8601:))
        ?? now + .seconds(Self.seconds))
  }

  private func request(_ token: String, _ now: Timestamp) -> Request {
    let style = Date.ISO8601FormatStyle()
    let second = Timestamp(milliseconds: now.milliseconds / 1000 * 1000)
    let form = [
      Request.Pair("RoleArn", role),
      Request.Pair("OIDCProviderArn", provider),
      Request.Pair("OIDCToken", token),
      Request.Pair("RoleSessionName", session),
      Request.Pair("DurationSeconds", String(Self.seconds)),
    ]
    return Request(
      .post, server, path: "/",
      query: [
        Request.Pair("Action", "AssumeRoleWithOIDC"),
        Request.Pair("Format", "JSON"),
        Request.Pair("Version", "2015-04-01"),
        Request.Pair("Timestamp", style.format(second.date)),
      ],
      headers: [
        Request.Pair("Accept", "application/json"),
        Request.Pair("Content-Type", "application/x-www-form-urlencoded"),
      ],
      body: form.formEncoded)
  }
}

extension String {
  /// Whether it can be a region's name and nothing else in a host name.
  var isRegion: Bool {
    !isEmpty
      && utf8.allSatisfy {
        (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-")
      }
  }
}

private struct WireAnswer: Decodable {
  struct Keys: Decodable {
    var accessKeyID: String
    var accessKeySecret: String
    var securityToken: String
    var expiration: String?

    enum CodingKeys: String, CodingKey {
      case accessKeyID = "AccessKeyId"
      case accessKeySecret = "AccessKeySecret"
      case securityToken = "SecurityToken"
      case expiration = "Expiration"
    }
  }

  var credentials: Keys

  enum CodingKeys: String, CodingKey { case credentials = "Credentials" }
}
