import FoundationEssentials

/// One whole request, as a simulated vendor reads it.
public struct Ask: Sendable {
  public typealias Pair = (name: String, value: String)

  public var method: String
  /// As it stood on the request line, percent-encoded, without the query: what a signature covers.
  public var path: String
  /// The decoded parts of the path, without empty ones.
  public var parts: [String]
  /// As it stood on the request line.
  public var rawQuery: String
  public var query: [Pair]
  public var headers: [Pair]
  public var body: [UInt8]

  /// `target` is the request line's path and query.
  public init(
    _ method: String, _ target: String, headers: [Pair] = [], body: [UInt8] = []
  ) {
    let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    self.method = method
    path = String(halves[0])
    parts = path.split(separator: "/").map { Self.decode($0, plusIsSpace: false) }
    rawQuery = halves.count > 1 ? String(halves[1]) : ""
    query = Self.pairs(rawQuery)
    self.headers = headers
    self.body = body
  }

  public func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }

  /// The first value of a query's name.
  public func query(_ name: String) -> String? { query.first { $0.name == name }?.value }

  /// The body as JSON, or nil where it is none.
  public var json: JSON? { JSON(bytes: body) }

  /// The body as a form.
  public var form: [Pair] { Self.pairs(String(decoding: body, as: UTF8.self)) }

  private static func pairs(_ text: String) -> [Pair] {
    text.split(separator: "&").map { pair in
      let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (
        decode(halves[0], plusIsSpace: true),
        halves.count > 1 ? decode(halves[1], plusIsSpace: true) : ""
      )
    }
  }

  private static func decode(_ text: Substring, plusIsSpace: Bool) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), let code = UInt8(String(rest.prefix(2)) ?? "", radix: 16) {
        bytes.append(code)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
