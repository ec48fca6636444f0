/// One HTTP request, before the transport has it.
public struct Request: Hashable, Sendable {
  public enum Method: String, Sendable { case get = "GET", post = "POST", put = "PUT" }

  public var method: Method
  public var server: Server
  /// Percent-encoded, below the server's base path, with a leading slash.
  public var path: String
  /// Raw names and values, in the order they are sent.
  public var query: [Pair]
  public var headers: [Pair]
  public var body: [UInt8]

  public struct Pair: Hashable, Sendable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }

    /// Whether this is the header of that name, however its ASCII letters are cased.
    public func isNamed(_ other: String) -> Bool {
      name.utf8.count == other.utf8.count
        && zip(name.utf8, other.utf8).allSatisfy { Self.small($0) == Self.small($1) }
    }

    private static func small(_ byte: UInt8) -> UInt8 {
      (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
  }

  public init(
    _ method: Method = .get, _ server: Server, path: String, query: [Pair] = [],
    headers: [Pair] = [], body: [UInt8] = []
  ) {
    self.method = method
    self.server = server
    self.path = path
    self.query = query
    self.headers = headers
    self.body = body
  }

  /// Path and query as they stand on the request line.
  public var target: String {
    let path = server.path + path
    if query.isEmpty { return path }
    let pairs = query.map { "\($0.name.percentEncoded)=\($0.value.percentEncoded)" }
    return path + "?" + pairs.joined(separator: "&")
  }

  public var url: String { server.origin + target }

  /// For messages: without the query, which may hold what is nobody's business.
  public var address: String { "\(method.rawValue) \(server.origin)\(server.path)\(path)" }

  public func header(_ name: String) -> String? {
    headers.first { $0.isNamed(name) }?.value
  }

  public mutating func set(_ name: String, _ value: String) {
    headers.removeAll { $0.isNamed(name) }
    headers.append(Pair(name, value))
  }
}

extension String {
  /// Every byte but RFC 3986's unreserved ones as %XX: right for a path segment, a query, a form and both signatures.
  public var percentEncoded: String {
    var text = ""
    for byte in utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        text.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        text += byte < 16 ? "%0\(digits)" : "%\(digits)"
      }
    }
    return text
  }
}

extension [Request.Pair] {
  /// The pairs as an `application/x-www-form-urlencoded` body.
  public var formEncoded: [UInt8] {
    let pairs = map { "\($0.name.percentEncoded)=\($0.value.percentEncoded)" }
    return [UInt8](pairs.joined(separator: "&").utf8)
  }
}
