import Crypto
import FoundationEssentials

/// Huawei Cloud's gateway: lets a request in by a token or by its signature.
/// https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-algorithm.html
struct HuaweiGate: Sendable {
  static let key = "HPUADEMO7ACCESSKEY01"
  static let secret = "demo0secret0Qm9ndXM0aGVyZQ1234567890abcd"
  /// Keys that count only together with their security token.
  static let temporaryKey = "HSTADEMO7ACCESSKEY02"
  static let temporarySecret = "demo0secret0VGVtcG9yYXJ5a2V5cw567890abcd"
  static let securityToken = "hQljbi1ub3J0aC00/demo+token=="
  static let token = "MIIDEMO0token0of0an0IAM0user"
  static let project = "0d0f5c1e7a2b4c3d8e9f0a1b2c3d4e5f"
  private static let skew = 15.0 * 60

  var environment: [String: String] {
    [
      "HUAWEICLOUD_SDK_AK": Self.key, "HUAWEICLOUD_SDK_SK": Self.secret,
      "HUAWEICLOUD_SDK_PROJECT_ID": Self.project,
    ]
  }

  /// Nil where the request may pass.
  func refusal(_ ask: Ask, at now: Date) -> Answer? {
    if let token = ask.header("x-auth-token") {
      return token == Self.token ? nil : Self.refuse("decrypt token fail")
    }
    guard let text = ask.header("authorization"), let claim = Claim(text) else {
      return Self.refuse("x-auth-token not found")
    }
    guard let date = ask.header("x-sdk-date"), let signedAt = Self.moment(date) else {
      return Self.refuse("x-sdk-date not found")
    }
    if abs(now.timeIntervalSince(signedAt)) > Self.skew {
      return Self.refuse("x-sdk-date expired", code: "APIGW.0303")
    }
    guard let secret = Self.secrets[claim.access] else {
      return Self.refuse("Get secretKey failed,ak:\(claim.access),err:ak not exist")
    }
    var wanted: Set = ["host", "x-sdk-date"]
    if claim.access == Self.temporaryKey {
      wanted.insert("x-security-token")
      guard ask.header("x-security-token") == Self.securityToken else {
        return Self.refuse("security token is invalid")
      }
    }
    guard wanted.isSubset(of: claim.signed), let canonical = Self.canonical(ask, claim.signed)
    else {
      return Self.refuse("signed headers are not sufficient")
    }
    let digest = SHA256.hash(data: Data(canonical.utf8))
    let toSign = "SDK-HMAC-SHA256\n\(date)\n\(Self.digits(digest))"
    let right = HMAC<SHA256>.authenticationCode(
      for: Data(toSign.utf8), using: SymmetricKey(data: Data(secret.utf8)))
    if Self.digits(right) == claim.signature { return nil }
    // The vendor repeats what it signed itself.
    return Self.refuse(
      "verify aksk signature fail, canonical_request:\(canonical.replacing("\n", with: "|"))")
  }

  private static let secrets = [key: secret, temporaryKey: temporarySecret]

  /// The three parts of an `Authorization`.
  private struct Claim {
    var access: String
    var signed: [String]
    var signature: String

    init?(_ text: String) {
      let halves = text.split(separator: " ", maxSplits: 1)
      guard halves.count == 2, halves[0] == "SDK-HMAC-SHA256" else { return nil }
      var fields: [String: String] = [:]
      for field in halves[1].split(separator: ",") {
        let pair = field.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
        if pair.count == 2 { fields[String(pair[0])] = String(pair[1]) }
      }
      guard let access = fields["Access"], let signed = fields["SignedHeaders"],
        let signature = fields["Signature"]
      else { return nil }
      self.access = access
      self.signed = signed.split(separator: ";").map(String.init)
      self.signature = signature
    }
  }

  /// Nil where a header that is said to be signed is not there, or the names are not in order.
  private static func canonical(_ ask: Ask, _ names: [String]) -> String? {
    guard names == names.sorted() else { return nil }
    var lines = [ask.method, "/" + ask.parts.map { encoded($0) + "/" }.joined()]
    let pairs = ask.query.map { (encoded($0.name), encoded($0.value)) }
    lines.append(pairs.sorted { $0 < $1 }.map { $0 + "=" + $1 }.joined(separator: "&"))
    for name in names {
      guard let value = ask.header(name) else { return nil }
      lines.append("\(name):\(value)")
    }
    lines += ["", names.joined(separator: ";"), digits(SHA256.hash(data: Data(ask.body)))]
    return lines.joined(separator: "\n")
  }

  private static let plain = Set(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)

  private static func encoded(_ text: String) -> String {
    text.utf8.map { byte in
      plain.contains(byte)
        ? String(UnicodeScalar(byte)) : "%" + digits(CollectionOfOne(byte)).uppercased()
    }.joined()
  }

  private static func digits(_ bytes: some Sequence<UInt8>) -> String {
    let table = Array("0123456789abcdef")
    return String(bytes.flatMap { [table[Int($0 >> 4)], table[Int($0 & 15)]] })
  }

  /// `20250517T030225Z`
  private static func moment(_ text: String) -> Date? {
    let digits = Array(text)
    guard digits.count == 16, digits[8] == "T", digits[15] == "Z" else { return nil }
    func part(_ range: Range<Int>) -> String { String(digits[range]) }
    let day = [part(0..<4), part(4..<6), part(6..<8)].joined(separator: "-")
    let time = [part(9..<11), part(11..<13), part(13..<15)].joined(separator: ":")
    return try? Date.ISO8601FormatStyle().parse("\(day)T\(time)Z")
  }

  private static func refuse(_ reason: String, code: String = "APIGW.0301") -> Answer {
    Answer(
      401,
      json: [
        "error_code": .string(code),
        "error_msg": .string("Incorrect IAM authentication information: \(reason)"),
        "request_id": "5f1a3d6f8c2e4b7a9d0c1e2f3a4b5c6d",
      ])
  }
}
