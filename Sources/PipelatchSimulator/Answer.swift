/// What a simulated vendor says to one request.
public struct Answer: Sendable {
  public var status: Int
  /// Without `Date` and `Content-Length`, which the server writes.
  public var headers: [Ask.Pair]
  public var body: [UInt8]
  /// How long the server keeps the answer back.
  public var delay: Duration = .zero
  /// Instead of answering, the connection is reset.
  public var resets = false

  public init(_ status: Int = 200, headers: [Ask.Pair] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// `json` with its content type; `headers` are added.
  public init(_ status: Int = 200, json: JSON, headers: [Ask.Pair] = []) {
    self.init(
      status, headers: [("Content-Type", "application/json;charset=UTF-8")] + headers,
      body: json.bytes)
  }

  public init(_ status: Int, html: String) {
    self.init(status, headers: [("Content-Type", "text/html")], body: Array(html.utf8))
  }

  public static let reset = {
    var answer = Answer()
    answer.resets = true
    return answer
  }()

  /// The body as JSON, or nil where it is none.
  public var json: JSON? { JSON(bytes: body) }

  public func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }
}
