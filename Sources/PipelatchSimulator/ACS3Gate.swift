import Crypto
import FoundationEssentials
import Synchronization

/// The gateway in front of Alibaba Cloud's products: it takes no request that is not signed with ACS3-HMAC-SHA256.
/// https://help.aliyun.com/document_detail/2593177.html
final class ACS3Gate: Sendable {
  struct Key: Sendable {
    var secret: String
    /// Of a temporary key, sent beside it.
    var session: String?
    var mayWrite = true
  }

  static let keyID = "LTAI5tDemoKeyId"
  static let secret = "demo-access-key-secret"
  static let environment = [
    "ALIBABA_CLOUD_ACCESS_KEY_ID": keyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": secret,
  ]
  static let requestID = "7C352CB7-CD88-50CF-9D0D-E81BDF02D3D0"

  /// A temporary key and one that may only read stand beside the demo's own.
  private static let keys: [String: Key] = [
    keyID: Key(secret: secret),
    "STS.DemoKeyId": Key(secret: secret, session: "demo-security-token"),
    "LTAI5tReadKeyId": Key(secret: secret, mayWrite: false),
  ]
  private static let slack = 900.0

  private let version: String
  private let now: @Sendable () -> Date
  private let nonces = Mutex<Set<String>>([])

  init(version: String, now: @escaping @Sendable () -> Date) {
    self.version = version
    self.now = now
  }

  /// What is wrong with a request, in the gateway's words, or nil.
  func refusal(_ ask: Ask) -> Answer? {
    guard let seal = Seal(ask.header("authorization") ?? "") else {
      return Self.error(400, "IncompleteSignature", "The request signature is incomplete.")
    }
    guard let key = Self.keys[seal.id] else {
      return Self.error(
        404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
    }
    if key.session != ask.header("x-acs-security-token") {
      return Self.error(400, "InvalidSecurityToken.Malformed", "The security token is malformed.")
    }
    if key.session != nil, ask.header("x-acs-accesskey-id") != seal.id {
      return Self.error(400, "MissingParameter", "x-acs-accesskey-id is mandatory.")
    }
    guard let date = ask.header("x-acs-date"), Self.isUTC(date),
      let moment = try? Date.ISO8601FormatStyle().parse(date)
    else {
      return Self.error(400, "InvalidTimeStamp.Format", "x-acs-date is not well formatted.")
    }
    if abs(moment.timeIntervalSince(now())) > Self.slack {
      return Self.error(
        400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
    }
    let digest = Self.hex(SHA256.hash(data: Data(ask.body)))
    guard ask.header("x-acs-content-sha256") == digest,
      seal.covers(ask), seal.signature == signature(of: ask, digest, seal, key.secret)
    else {
      return Self.error(
        400, "SignatureDoesNotMatch", "Specified signature does not match our calculation.")
    }
    guard let nonce = ask.header("x-acs-signature-nonce"), nonce.count >= 16,
      nonces.withLock({ $0.insert(nonce).inserted })
    else {
      return Self.error(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
    }
    guard ask.header("x-acs-version") == version else {
      return Self.error(400, "InvalidVersion", "Specified parameter Version is not valid.")
    }
    if ask.method != "GET", !key.mayWrite {
      return Self.error(403, "NoPermission", "You are not authorized to do this action.")
    }
    return nil
  }

  /// An error as the gateway words it, with its status.
  static func error(_ status: Int, _ code: String, _ message: String) -> Answer {
    Answer(
      status,
      json: [
        "RequestId": .string(requestID), "HostId": "demo.aliyuncs.com", "Code": .string(code),
        "Message": .string(message),
        "Recommend": "https://api.aliyun.com/troubleshoot?q=\(code)",
      ])
  }

  private func signature(_ text: String, _ secret: String) -> String {
    let code = HMAC<SHA256>.authenticationCode(
      for: Data(text.utf8), using: SymmetricKey(data: Data(secret.utf8)))
    return Self.hex(code)
  }

  private func signature(
    of ask: Ask, _ digest: String, _ seal: Seal, _ secret: String
  ) -> String {
    var text = ask.method + "\n" + ask.path + "\n"
    // Read and written anew, so that a query sent in another spelling still has the one signature.
    let query = ask.query.map { (Self.encode($0.name), Self.encode($0.value)) }
    text += query.sorted { $0 < $1 }.map { $0.0 + "=" + $0.1 }.joined(separator: "&") + "\n"
    for name in seal.names {
      let values = ask.headers.filter { $0.name.lowercased() == name }.map(\.value)
      text += name + ":" + values.map(Self.bare).joined(separator: ",") + "\n"
    }
    text += "\n" + seal.names.joined(separator: ";") + "\n" + digest
    let hash = Self.hex(SHA256.hash(data: Data(text.utf8)))
    return signature("ACS3-HMAC-SHA256\n" + hash, secret)
  }

  private static func isUTC(_ text: String) -> Bool {
    text.count == 20 && text.hasSuffix("Z") && !text.contains(".")
  }

  private static func bare(_ text: String) -> String {
    var bytes = Array(text.utf8)
    while bytes.first == 32 { bytes.removeFirst() }
    while bytes.last == 32 { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func encode(_ text: String) -> String {
    let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~".utf8)
    let digits = Array("0123456789ABCDEF")
    return text.utf8.reduce(into: "") { encoded, byte in
      if plain.contains(byte) {
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        encoded += "%\(digits[Int(byte) / 16])\(digits[Int(byte) % 16])"
      }
    }
  }

  private static func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef")
    return bytes.reduce(into: "") { $0 += "\(digits[Int($1) / 16])\(digits[Int($1) % 16])" }
  }
}

/// The Authorization header, taken apart.
private struct Seal {
  var id: String
  var names: [String]
  var signature: String

  init?(_ text: String) {
    let halves = text.split(separator: " ", maxSplits: 1)
    guard halves.count == 2, halves[0] == "ACS3-HMAC-SHA256" else { return nil }
    var parts: [Substring: Substring] = [:]
    for part in halves[1].split(separator: ",") {
      let pair = part.split(separator: "=", maxSplits: 1)
      if pair.count == 2 { parts[pair[0]] = pair[1] }
    }
    guard let id = parts["Credential"], let names = parts["SignedHeaders"],
      let signature = parts["Signature"]
    else { return nil }
    self.id = String(id)
    self.names = names.split(separator: ";").map(String.init)
    self.signature = String(signature)
  }

  /// Whether every header is signed that must be: the host, the content type, and whatever begins with `x-acs-`.
  func covers(_ ask: Ask) -> Bool {
    let must = ask.headers.map { $0.name.lowercased() }.filter {
      $0.hasPrefix("x-acs-") || $0 == "content-type"
    }
    return names == names.sorted() && Set(must + ["host"]).isSubset(of: names)
  }
}
