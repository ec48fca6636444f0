import Crypto
import FoundationEssentials
import PipelatchCore

/// ACS3-HMAC-SHA256, Alibaba Cloud's signature of a request; the same for ROA and RPC style.
/// https://help.aliyun.com/document_detail/2593177.html
enum ACS3 {
  static let algorithm = "ACS3-HMAC-SHA256"

  /// The headers that sign `request`, which already names its action and version and has its final body.
  ///
  /// Signed are the host, the content type, every `x-acs-` header, and what `others` names in lower case.
  static func headers(
    _ credential: Credential, date: Timestamp, nonce: String, request: Request,
    covering others: Set<String> = []
  ) throws(Failure) -> [Request.Pair] {
    guard case .keys(let id, let secret, let session) = credential else {
      throw Failure(
        .notConfigured, "Alibaba Cloud takes an access key, not a token",
        remedy: "Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET")
    }
    var headers = [
      Request.Pair("x-acs-date", iso8601(date)),
      Request.Pair("x-acs-signature-nonce", nonce),
      Request.Pair("x-acs-content-sha256", digest(request.body)),
    ]
    if let session {
      headers.append(Request.Pair("x-acs-accesskey-id", id))
      headers.append(Request.Pair("x-acs-security-token", session.revealed()))
    }
    var signed = request
    for header in headers { signed.set(header.name, header.value) }
    let canonical = canonical(signed, covering: others)
    let code = HMAC<SHA256>.authenticationCode(
      for: Data("\(algorithm)\n\(digest(Array(canonical.text.utf8)))".utf8),
      using: SymmetricKey(data: Data(secret.revealed().utf8)))
    headers.append(
      Request.Pair(
        "Authorization",
        "\(algorithm) Credential=\(id),SignedHeaders=\(canonical.names),Signature=\(code.hex)"))
    return headers
  }

  /// The text whose digest is signed, and the names of the headers in it.
  static func canonical(
    _ request: Request, covering others: Set<String> = []
  ) -> (text: String, names: String) {
    let path = request.server.path + request.path
    let query = request.query.map { ($0.name.percentEncoded, $0.value.percentEncoded) }.sorted(
      by: <)
    // The host is no header of ours: the transport sends it, spelled as here.
    var headers = [("host", request.server.authority)]
    for header in request.headers {
      let name = header.name.lowercased()
      if name == "content-type" || name.hasPrefix("x-acs-") || others.contains(name) {
        headers.append((name, header.value.trimmed))
      }
    }
    headers.sort(by: <)
    let names = headers.map(\.0).joined(separator: ";")
    let lines = [
      request.method.rawValue,
      path.isEmpty ? "/" : path,
      query.map { "\($0)=\($1)" }.joined(separator: "&"),
      headers.map { "\($0):\($1)\n" }.joined(),
      names,
      digest(request.body),
    ]
    return (lines.joined(separator: "\n"), names)
  }

  static func digest(_ bytes: [UInt8]) -> String { SHA256.hash(data: Data(bytes)).hex }

  private static func iso8601(_ moment: Timestamp) -> String {
    let second = Timestamp(milliseconds: moment.milliseconds / 1000 * 1000)
    return Date.ISO8601FormatStyle().format(second.date)
  }
}
