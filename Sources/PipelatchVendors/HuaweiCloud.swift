import FoundationEssentials
import PipelatchCore

/// What Huawei Cloud's gateway asks of every service behind it: who is asking, and how its errors read.
enum HuaweiCloud {
  static let credentials: [CredentialForm] = [
    .keys(
      id: "HUAWEICLOUD_SDK_AK", secret: "HUAWEICLOUD_SDK_SK",
      session: "HUAWEICLOUD_SDK_SECURITY_TOKEN"),
    .token(["HUAWEICLOUD_AUTH_TOKEN"]), .file(HuaweiProfile.form),
  ]
  private static let project = "HUAWEICLOUD_SDK_PROJECT_ID"
  static let settings = [Setting(project, "the IAM project, sent as X-Project-Id")]

  /// The server of a region from a table of the first part of its host's name. Throws `.usage` for a region not in it.
  static func server(_ hosts: [String: String], region: String) throws(Failure) -> Server {
    guard let host = hosts[region] else {
      throw Failure(
        .usage, "no server is known for the region '\(region)'",
        remedy:
          "Name it with --server, or write one of \(hosts.keys.sorted().joined(separator: ", "))"
      )
    }
    return Server(host: "\(host).\(region).myhuaweicloud.com")
  }

  /// `meanings` tells what a service's codes mean; a code in `harmless` is no error in an answer of status 200.
  static func connection(
    _ site: Site, meanings: [String: Complaint], harmless: Set<String> = []
  ) -> Connection {
    Connection(
      site,
      authorize: { request, credential in
        request.set("Accept", "application/json")
        let json = request.body.isEmpty ? "application/json" : "application/json;charset=UTF-8"
        request.set("Content-Type", json)
        switch credential {
        case .token(let token, _): request.set("X-Auth-Token", token.revealed())
        case .keys(let id, let secret, let session):
          let signature = SDKHMAC.headers(
            for: request, id: id, secret: secret, session: session,
            project: site.settings[project], at: site.now())
          for header in signature { request.set(header.name, header.value) }
        case .none, .login: break
        }
      },
      explain: { response in
        let bare = response.status >= 400 ? WireTrouble() : nil
        guard let trouble = trouble(in: response) ?? bare else { return nil }
        if response.status == 200, let code = trouble.code, harmless.contains(code) { return nil }
        var complaint = trouble.code.flatMap { meanings[$0] ?? gateway[$0] } ?? Complaint()
        complaint.code = trouble.code
        complaint.message = trouble.message
        if response.status == 429 { complaint.retryAfter = trouble.period }
        if case .keys = site.wallet.credential, response.status == 401 || response.status == 403,
          let cause = WrongClock.remedy(response, at: site.now())
        {
          complaint.remedy = cause
        }
        return complaint
      })
  }

  private static let gateway: [String: Complaint] = {
    let host = Complaint(
      remedy: "The host serves no such API: check the region of the target, or --server")
    let clock = Complaint(
      kind: .refused, remedy: "The vendor finds this machine's clock wrong: set it right")
    return ["APIGW.0101": host, "APIG.0101": host, "APIGW.0303": clock, "APIG.0303": clock]
  }()

  /// The error in an answer, in any of its shapes; with status 200 too, where only a code makes it one.
  private static func trouble(in response: Response) -> WireTrouble? {
    let body = Data(response.body)
    let decoder = JSONDecoder()
    if let whole = try? decoder.decode(WireTrouble.self, from: body), whole.code != nil {
      return whole
    }
    let parts = (try? decoder.decode([String: Lenient<WireTrouble>].self, from: body)) ?? [:]
    if let error = parts["error"]?.value, error.code != nil { return error }
    if response.status < 400 { return nil }
    let nested = parts.sorted { $0.key < $1.key }.compactMap(\.value.value)
    return nested.first { $0.code != nil } ?? (try? decoder.decode(WireTrouble.self, from: body))
  }
}

/// `{"error_code","error_msg"}`, `{"errorCode","errorMsg"}` or `{"code","message"}`.
private struct WireTrouble: Decodable, Sendable {
  var error_code: Lenient<WireID>?
  var error_msg: Lenient<String>?
  var errorCode: Lenient<WireID>?
  var errorMsg: Lenient<String>?
  var codeText: Lenient<WireID>?
  var messageText: Lenient<String>?

  enum CodingKeys: String, CodingKey {
    case error_code, error_msg, errorCode, errorMsg
    case codeText = "code"
    case messageText = "message"
  }

  var code: String? {
    [error_code, errorCode, codeText].compactMap { $0?.value?.text }.first { !$0.isEmpty }
  }

  /// Without the request that the gateway repeats when a signature is wrong: it has the session token in it.
  var message: String? {
    guard let text = [error_msg, errorMsg, messageText].compactMap({ $0?.value }).first else {
      return nil
    }
    var line = text.prefix { !$0.isNewline }
    for mark in ["canonical", "Canonical"] {
      if let range = line.firstRange(of: mark) { line = line[..<range.lowerBound] }
    }
    return String(line).trimmed
  }

  /// The `M UNIT` of `limit:N,time:M UNIT`: when the count begins anew.
  var period: Duration? {
    guard let text = message, let mark = text.firstRange(of: "time:") else { return nil }
    let words = text[mark.upperBound...].prefix { $0 != "," && $0 != ";" }.split(separator: " ")
    guard words.count >= 2, let count = Int(words[0]), (1...86_400).contains(count) else {
      return nil
    }
    switch words[1] {
    case "second", "seconds": return .seconds(count)
    case "minute", "minutes": return .seconds(count * 60)
    default: return nil
    }
  }
}
