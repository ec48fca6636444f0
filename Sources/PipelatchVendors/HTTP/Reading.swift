/// What was last read from an address, and how to tell that it still stands there. The answer's body is not kept.
struct Reading: Sendable {
  /// The answer's status and headers.
  private(set) var head: Response
  private(set) var tag: String?
  private let size: Int
  /// Of all bytes, keyed anew in each process, so that no server can aim at one.
  private let digest: Int
  let value: any Sendable

  /// Names of the headers that `Link` and `nextPage` read.
  private static let leading = ["link", "x-next-page"]

  init(_ value: any Sendable, of response: Response) {
    head = Response(status: response.status, headers: response.headers)
    tag = response.header("etag")
    size = response.body.count
    digest = Self.digest(response.body)
    self.value = value
  }

  /// The reading as a later answer confirms it, by a 304 or by the same bytes; nil where there is something new to read.
  func confirmed(by response: Response) -> Reading? {
    var same = self
    if response.status == 304, tag != nil {
      same.tag = response.header("etag") ?? tag
      // A server need not repeat them, but where it does they are newer than ours.
      same.head.headers = response.headers + head.headers
    } else if response.status == head.status, response.body.count == size,
      Self.digest(response.body) == digest
    {
      same.tag = response.header("etag")
      same.head.headers = response.headers
    } else {
      return nil
    }
    return same
  }

  /// What is worth keeping: of the headers those that a 304 may leave out.
  var kept: Reading {
    var kept = self
    kept.head.headers.removeAll { header in !Self.leading.contains { header.isNamed($0) } }
    return kept
  }

  private static func digest(_ body: [UInt8]) -> Int {
    var hasher = Hasher()
    body.withUnsafeBytes { hasher.combine(bytes: $0) }
    return hasher.finalize()
  }
}
