import FoundationEssentials
import PipelatchCore

/// What Alibaba Cloud's gateway asks of the requests of every product, and how it words its errors.
struct AlibabaGateway: Sendable {
  static let credentials: [CredentialForm] = [
    .keys(
      id: "ALIBABA_CLOUD_ACCESS_KEY_ID", secret: "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
      session: "ALIBABA_CLOUD_SECURITY_TOKEN"),
    .role(AlibabaRole.form), .file(AlibabaProfile.form),
  ]

  /// A connection that signs every attempt anew.
  static func connection(_ site: Site, version: String) -> Connection {
    Connection(
      site,
      authorize: { (request, credential) throws(Failure) in
        request.set("Accept", "application/json")
        request.set("x-acs-version", version)
        if !request.body.isEmpty {
          request.set("Content-Type", "application/x-www-form-urlencoded")
        }
        let headers = try ACS3.headers(
          credential, date: site.now(), nonce: site.nonce(), request: request)
        for header in headers { request.set(header.name, header.value) }
      },
      explain: { complaint(in: $0, now: site.now()) })
  }

  /// The header that names the operation, in RPC and ROA style alike.
  static func action(_ name: String) -> [Request.Pair] { [Request.Pair("x-acs-action", name)] }

  /// The error in an answer, also where it comes as `success: false` with HTTP 200; nil where there is none.
  static func complaint(in response: Response, now: Timestamp) -> Complaint? {
    let said = try? JSONDecoder().decode(WireComplaint.self, from: Data(response.body))
    guard response.status >= 400 || said?.success == false else { return nil }
    var complaint = Complaint(code: said?.code, message: said?.message)
    if response.status < 400, complaint.code == nil { complaint.code = "success false" }
    // DataWorks sends numbers for codes, and the name of the error as the message.
    let names = [said?.code, said?.message].compactMap { $0 }
    complaint.kind = kind(of: names, status: response.status)
    if names.contains(where: { name in daily.contains { name.contains($0) } }) {
      complaint.isQuota = true
      complaint.remedy =
        "The quota of the account's edition is used up: wait until it is full again, and look less"
        + " often (--interval)"
    } else if named("Forbidden.Not.Server", in: names) {
      complaint.remedy = "The product is not there in this region: check the target"
    } else if named("Forbidden.UserNotInCurrentOrganization", in: names) {
      complaint.remedy =
        "Check the organization in the target, and that the access key's user is its member"
    } else if named("InvalidUser.NotFound", in: names) {
      complaint.remedy =
        "The access key's user has never signed in to Alibaba Cloud DevOps: do so once"
    } else if let right = said?.right {
      complaint.remedy = "A RAM policy of the access key's user must allow \(right)"
    } else {
      complaint.remedy = clock(response, names, complaint.kind, now)
    }
    if let id = said?.requestID, let message = complaint.message {
      complaint.message = "\(message) [request \(id)]"
    }
    return complaint
  }

  /// Limits that no patience of minutes cures.
  private static let daily = ["Throttling.Api.Risk", "Throttling.Resource"]

  private static let refusals = [
    "InvalidAccessKeyId", "InvalidAccessKeySecret", "SignatureDoesNotMatch", "IncompleteSignature",
    "InvalidSecurityToken", "InvalidTimeStamp", "IllegalTimestamp", "InvalidUser", "NoPermission",
    "MissingSecurityToken",
  ]

  /// Nil where the status says it.
  private static func kind(of names: [String], status: Int) -> Failure.Kind? {
    if names.contains(where: { name in daily.contains { name.contains($0) } }) { return .refused }
    let throttled = names.contains { name in
      name.contains("Throttling") || name == "9990020002" || name == "9990040001"
    }
    if throttled { return .throttled }
    if named("Forbidden.Not.Server", in: names) { return .missing }
    // Nonces are fresh, so somebody on the way sent the request twice: it may have been carried out.
    if named("SignatureNonceUsed", in: names) { return .unreadable }
    // An unknown access key comes as 404, others as 400.
    if refusals.contains(where: { named($0, in: names) }) { return .refused }
    if status <= 400, names.contains(where: { $0.hasSuffix(".NotFound") }) { return .missing }
    guard status < 400 else { return nil }
    if named("Forbidden", in: names) { return .refused }
    if ["InternalError", "ServiceUnavailable", "SystemError"].contains(where: {
      named($0, in: names)
    }) {
      return .unreachable
    }
    return nil
  }

  private static func named(_ prefix: String, in names: [String]) -> Bool {
    names.contains { $0.hasPrefix(prefix) }
  }

  /// What to do where this machine's clock is the cause.
  private static func clock(
    _ response: Response, _ names: [String], _ kind: Failure.Kind?, _ now: Timestamp
  ) -> String? {
    let stale = named("InvalidTimeStamp", in: names) || named("IllegalTimestamp", in: names)
    let refused = kind == .refused || [401, 403].contains(response.status)
    guard stale || refused else { return nil }
    if let remedy = WrongClock.remedy(response, at: now) { return remedy }
    return stale ? "The vendor finds this machine's clock wrong: set it right" : nil
  }
}

extension Failure {
  /// `success: false` in a good answer to a command is the vendor's own word that nothing was done.
  var ownWord: Failure {
    guard kind == .unreadable, status == 200, code != nil else { return self }
    var failure = self
    failure.kind = .rejected
    return failure
  }
}

/// An error as the gateway or a product words it; each spells the names in its own way.
private struct WireComplaint: Decodable {
  var code: String?
  var message: String?
  var requestID: String?
  var success: Bool?
  /// What the user may not do, such as `dataworks:GetPipelineRun`.
  var right: String?

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: FieldName.self)
    func text(_ names: String...) -> String? {
      for name in names {
        let id = try? container.decode(WireID.self, forKey: FieldName(stringValue: name))
        // A published example has two quotes for "none".
        if let text = id?.text.trimmed, !text.isEmpty, text != "\"\"" { return text }
      }
      return nil
    }
    code = text("Code", "code", "errorCode", "ErrorCode")
    message = text("Message", "message", "errorMessage", "ErrorMessage")
    requestID = text("RequestId", "requestId")
    let detail = try? container.decode(
      [String: Lenient<String>].self, forKey: FieldName(stringValue: "AccessDeniedDetail"))
    right = detail?["AuthAction"]?.value
    for name in ["success", "Success"] {
      let name = FieldName(stringValue: name)
      success =
        success ?? (try? container.decode(Bool.self, forKey: name))
        ?? (try? container.decode(String.self, forKey: name)).flatMap { Bool($0.lowercased()) }
    }
  }
}
