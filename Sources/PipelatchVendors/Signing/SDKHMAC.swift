import Crypto
import FoundationEssentials
import PipelatchCore

/// Huawei Cloud's request signature, SDK-HMAC-SHA256: one HMAC over the request, no derived keys.
/// https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-algorithm.html
enum SDKHMAC {
  private static let algorithm = "SDK-HMAC-SHA256"

  /// The headers to add to `request` so that it is signed at `date`, with every header that it already has.
  static func headers(
    for request: Request, id: String, secret: Secret, session: Secret? = nil,
    project: String? = nil, at date: Timestamp
  ) -> [Request.Pair] {
    let moment = date.date.formatted(basic)
    var added = [Request.Pair("X-Sdk-Date", moment)]
    if let session { added.append(Request.Pair("X-Security-Token", session.revealed())) }
    if let project { added.append(Request.Pair("X-Project-Id", project)) }
    let signed = (request.headers + added + [Request.Pair("Host", request.server.authority)])
      .filter { !$0.name.contains("_") }
      .map { Request.Pair($0.name.lowercased(), $0.value.trimmed) }
      .sorted { $0.name < $1.name }
    let names = signed.map(\.name).joined(separator: ";")
    let canonical = [
      request.method.rawValue, path(of: request), query(of: request),
      signed.map { "\($0.name):\($0.value)\n" }.joined(), names, hash(request.body),
    ].joined(separator: "\n")
    let text = [algorithm, moment, hash(Array(canonical.utf8))].joined(separator: "\n")
    let code = HMAC<SHA256>.authenticationCode(
      for: Array(text.utf8), using: SymmetricKey(data: Array(secret.revealed().utf8)))
    let authorization =
      "\(algorithm) Access=\(id), SignedHeaders=\(names), Signature=\(code.hex)"
    return added + [Request.Pair("Authorization", authorization)]
  }

  /// Ends with a slash, which the address that is sent does not.
  private static func path(of request: Request) -> String {
    let path = (request.server.path + request.path).percentDecoded
      .split(separator: "/", omittingEmptySubsequences: false)
      .map { String($0).percentEncoded }.joined(separator: "/")
    return path.hasSuffix("/") ? path : path + "/"
  }

  private static func query(of request: Request) -> String {
    request.query.sorted { ($0.name.bytes, $0.value.bytes) < ($1.name.bytes, $1.value.bytes) }
      .map { "\($0.name.percentEncoded)=\($0.value.percentEncoded)" }.joined(separator: "&")
  }

  private static func hash(_ bytes: [UInt8]) -> String { SHA256.hash(data: bytes).hex }

  private static let basic = Date.ISO8601FormatStyle(
    dateSeparator: .omitted, dateTimeSeparator: .standard, timeSeparator: .omitted,
    timeZoneSeparator: .omitted, includingFractionalSeconds: false, timeZone: .gmt)
}

extension String {
  /// Compares as the vendor does, by code points and not by what looks alike.
  fileprivate var bytes: ByteOrder { ByteOrder(bytes: Array(utf8)) }

  fileprivate var percentDecoded: String {
    var decoded: [UInt8] = []
    var rest = Array(utf8)[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(2)
      if byte == UInt8(ascii: "%"), digits.count == 2,
        let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
      {
        decoded.append(value)
        rest = rest.dropFirst(2)
      } else {
        decoded.append(byte)
      }
    }
    return String(decoding: decoded, as: UTF8.self)
  }
}

private struct ByteOrder: Comparable {
  var bytes: [UInt8]

  static func < (left: ByteOrder, right: ByteOrder) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }
}
