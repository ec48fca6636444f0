import PipelatchCore
@testable import PipelatchVendors
import Synchronization
import Testing

/// What the connection does once for all vendors.
struct ConnectionTests {
  /// Answers in the order given and keeps what was asked; refuses when it has run out.
  final class Script: Transport {
    private let answers: Mutex<[Response]>
    private let asked = Mutex<[Request]>([])
    private let held: AsyncStream<Never>?

    /// No answer comes before `held` ends.
    init(_ answers: [Response], held: AsyncStream<Never>? = nil) {
      self.answers = Mutex(answers)
      self.held = held
    }

    var requests: [Request] { asked.withLock { $0 } }

    func send(_ request: Request) async throws(Failure) -> Response {
      asked.withLock { $0.append(request) }
      if let held { for await _ in held {} }
      if Task.isCancelled { throw Failure(.unreachable, "interrupted") }
      let next = answers.withLock { $0.isEmpty ? nil : $0.removeFirst() }
      guard let next else { throw Failure(.fault, "script another answer for \(request.address)") }
      return next
    }
  }

  static let server = Server(host: "ci.example.test")

  static func connection(_ script: Script, renewal: Wallet.Renewal? = nil) throws -> Connection {
    let site = Site(
      target: try Target("yunxiao:org/1"), server: server,
      wallet: Wallet(.token(Secret("first-token"), from: "TEST"), renewal: renewal),
      transport: script, now: { Timestamp(milliseconds: 1_000_000_000_000) }, nonce: { "0" })
    return Connection(site) { request, credential in
      if case .token(let token, _) = credential { request.set("x-token", token.revealed()) }
    }
  }

  static func ok(_ body: String, _ headers: [Request.Pair] = []) -> Response {
    Response(status: 200, headers: headers, body: Array(body.utf8))
  }

  static func failure(_ response: Response) async throws -> Failure {
    let connection = try connection(Script([response]))
    do throws(Failure) {
      _ = try await connection.get("/x", as: [Int].self)
    } catch {
      return error
    }
    throw Failure(.fault, "nothing was thrown")
  }

  @Test func `an answer is read`() async throws {
    let script = Script([Self.ok("[1,2]")])
    let value = try await Self.connection(script).get("/a b", as: [Int].self)
    #expect(value == [1, 2])
    #expect(script.requests[0].header("x-token") == "first-token")
  }

  @Test func `a tag is sent back and an unchanged answer is the old one`() async throws {
    let script = Script([
      Self.ok("[1]", [Request.Pair("ETag", "\"a\"")]), Response(status: 304),
    ])
    let connection = try Self.connection(script)
    _ = try await connection.get("/x", as: [Int].self)
    #expect(try await connection.get("/x", as: [Int].self) == [1])
    #expect(script.requests[1].header("if-none-match") == "\"a\"")
    #expect(connection.requests.notModified == 1 && connection.requests.total == 2)
  }

  @Test func `what is made of an answer is made once for as long as it stays the same`()
    async throws
  {
    let tag = [Request.Pair("ETag", "\"a\"")]
    let script = Script([
      Self.ok("[1,2]", tag), Response(status: 304), Self.ok("[1,2]"), Self.ok("[1,2,3]"),
    ])
    let connection = try Self.connection(script)
    var made = 0
    var sums: [Int] = []
    for _ in 0..<4 {
      sums.append(
        try await connection.get("/x", as: [Int].self) { numbers in
          made += 1
          return numbers.reduce(0, +)
        })
    }
    #expect(sums == [3, 3, 3, 6])
    #expect(made == 2)
  }

  @Test(arguments: [0, 1, 7, 8, 9, 100]) func `answers differ if one byte does`(_ count: Int) {
    let one = Response(status: 200, body: [UInt8](repeating: 7, count: count))
    let reading = Reading(0, of: one)
    #expect(reading.confirmed(by: Response(status: 200, body: Array(one.body))) != nil)
    for place in 0..<count {
      var other = one
      other.body[place] = 8
      #expect(reading.confirmed(by: other) == nil)
    }
    #expect(reading.confirmed(by: Response(status: 200, body: one.body + [7])) == nil)
    #expect(reading.confirmed(by: Response(status: 201, body: one.body)) == nil)
  }

  @Test func `an unchanged page leads where its last answer led`() async throws {
    func link(_ page: Int) -> Request.Pair {
      Request.Pair("Link", "<https://ci.example.test/x?page=\(page)>; rel=\"next\"")
    }
    let tag = Request.Pair("ETag", "\"a\"")
    let script = Script([
      Self.ok("[1]", [tag, link(2)]), Response(status: 304),
      Response(status: 304, headers: [link(3)]), Self.ok("[1]", [tag, link(4)]), Self.ok("[1]"),
    ])
    let connection = try Self.connection(script)
    var pages: [String?] = []
    for _ in 0..<5 {
      let answer = try await connection.page("/x", as: [Int].self).response
      pages.append(answer.nextPage(after: [])?.first?.value)
    }
    #expect(pages == ["2", "2", "3", "4", nil])
  }

  @Test func `the newest tag is sent, and none where the last answer had none`() async throws {
    func tag(_ tag: String) -> [Request.Pair] { [Request.Pair("ETag", tag)] }
    let script = Script([
      Self.ok("[1]", tag("a")), Self.ok("[1]", tag("b")), Response(status: 304),
      Response(status: 304, headers: tag("c")), Self.ok("[1]"), Response(status: 304),
    ])
    let connection = try Self.connection(script)
    for _ in 0..<5 { _ = try await connection.get("/x", as: [Int].self) }
    // Unchanged since what, if nothing was named?
    await #expect(throws: Failure.self) { try await connection.get("/x", as: [Int].self) }
    let sent = script.requests.map { $0.header("if-none-match") }
    #expect(sent == [nil, "a", "b", "b", "c", nil])
  }

  @Test func `one address may be read as two things`() async throws {
    let tag = [Request.Pair("ETag", "\"a\"")]
    let script = Script([Self.ok("[1]", tag), Self.ok("[1]", tag), Response(status: 304)])
    let connection = try Self.connection(script)
    #expect(try await connection.get("/x", as: [Int].self) == [1])
    #expect(try await connection.get("/x", as: [Double].self) == [1])
    #expect(try await connection.get("/x", as: [Int].self) == [1])
  }

  @Test func `a redirect on the server is followed with its query and the credential`() async throws
  {
    let script = Script([
      Response(status: 301, headers: [Request.Pair("Location", "/new/a%2Fb?x=1%202")]),
      Self.ok("[1]"),
    ])
    _ = try await Self.connection(script).get("/x", as: [Int].self)
    #expect(script.requests[1].target == "/new/a%2Fb?x=1%202")
    #expect(script.requests[1].header("x-token") == "first-token")
  }

  @Test(arguments: [
    "https://other.example.test/x", "http://ci.example.test/x", "https://ci.example.test:444/x",
    "//other.example.test/x",
  ])
  func `a redirect to another origin is never followed`(place: String) async throws {
    let script = Script([Response(status: 302, headers: [Request.Pair("Location", place)])])
    await #expect(throws: Failure.self) {
      _ = try await Self.connection(script).get("/x", as: [Int].self)
    }
    #expect(script.requests.count == 1)
  }

  @Test(arguments: ["ftp://ci.example.test/x", "https://u:p@ci.example.test/x", "https://", ""])
  func `a redirect to nowhere is unreadable and told without the place`(place: String) async throws
  {
    let response = Response(status: 302, headers: [Request.Pair("Location", place)])
    let failure = try await Self.failure(response)
    #expect(failure.kind == .unreadable && !failure.sentence.contains("u:p"))
  }

  @Test func `a download is no page that redirects again`() async throws {
    let place = Request.Pair("Location", "https://logs.example.test/l")
    let script = Script([
      Response(status: 302, headers: [place]),
      Response(status: 302, headers: [place], body: Array("moved".utf8)),
    ])
    await #expect(throws: Failure.self) {
      _ = try await Self.connection(script).download(Request(.get, Self.server, path: "/l"))
    }
  }

  @Test func `an unchanged answer that nobody has is unreadable`() async throws {
    #expect(try await Self.failure(Response(status: 304)).kind == .unreadable)
    await #expect(throws: Failure.self) {
      let script = Script([Response(status: 304)])
      try await Self.connection(script).send(Request(.post, Self.server, path: "/x"))
    }
  }

  @Test(arguments: [
    "{\"a\":1,\"a\":1}", "[{\"x\":{\"a\":1,\"b\":[{}],\"a\":2}}]", "{\"a\":1,\"\\u0061\":2}",
    String(repeating: "[", count: 65) + String(repeating: "]", count: 65),
    "[" + String(repeating: "1,", count: 500_001) + "1]", "\u{0}[1]",
  ])
  func `an answer that contradicts itself or is beyond sense is not read`(body: String) async throws
  {
    #expect(try await Self.failure(Self.ok(body)).kind == .unreadable)
  }

  @Test(arguments: [
    "{\"a\":\"a\",\"b\":{\"a\":[\"a\",\"a\"]},\"c\":[{\"a\":1},{\"a\":1}]}",
    "{\"a\\\"\":1,\"a\":\"\\\"a\"}",
    String(repeating: "[", count: 64) + String(repeating: "]", count: 64), "{}", "[[],{}]",
  ])
  func `an answer may say much as long as it says it once`(body: String) async throws {
    let request = Request(.get, Self.server, path: "/x")
    let answer = try await Self.connection(Script([Self.ok(body)])).send(request)
    #expect(answer.text == body)
  }

  @Test func `a download follows to another host without any header of ours`() async throws {
    let script = Script([
      Response(
        status: 302, headers: [Request.Pair("Location", "https://logs.example.test/l?sig=1")]),
      Self.ok("text"),
    ])
    let answer = try await Self.connection(script).download(Request(.get, Self.server, path: "/l"))
    #expect(answer.text == "text")
    #expect(script.requests[1].headers.isEmpty)
  }

  @Test func `a request that changes something is not sent on by a redirect`() async throws {
    let script = Script([Response(status: 307, headers: [Request.Pair("Location", "/y")])])
    await #expect(throws: Failure.self) {
      try await Self.connection(script).send(Request(.post, Self.server, path: "/x"))
    }
    #expect(script.requests.count == 1)
  }

  @Test(arguments: [
    (401, Failure.Kind.refused), (403, .refused), (404, .missing), (410, .missing),
    (429, .throttled), (400, .rejected), (422, .rejected), (408, .unreachable),
    (500, .unreachable), (502, .unreachable), (503, .unreachable), (599, .unreachable),
  ])
  func `a status has its kind`(status: Int, kind: Failure.Kind) async throws {
    #expect(try await Self.failure(Response(status: status)).kind == kind)
  }

  @Test(arguments: [
    ("7", Duration.seconds(7)), ("0", .zero), ("99999999", .seconds(86_400)),
    ("Sun, 09 Sep 2001 01:47:10 GMT", .seconds(30)), ("Sun, 09 Sep 2001 01:46:00 GMT", .zero),
  ])
  func `a time to wait is read in seconds and as a date`(text: String, wait: Duration) async throws
  {
    let response = Response(status: 429, headers: [Request.Pair("Retry-After", text)])
    #expect(try await Self.failure(response).retryAfter == wait)
  }

  @Test(arguments: ["-1", "soon", "", "NaN"])
  func `a time to wait that is none is passed over`(text: String) async throws {
    let response = Response(status: 429, headers: [Request.Pair("Retry-After", text)])
    #expect(try await Self.failure(response).retryAfter == nil)
  }

  @Test(arguments: [
    ("2000", Duration.seconds(2)), ("1e300", .seconds(86_400)), ("inf", .seconds(86_400)),
  ])
  func `Alibaba's time to wait is read in milliseconds`(text: String, wait: Duration) async throws {
    let response = Response(status: 429, headers: [Request.Pair("x-acs-retry-after", text)])
    #expect(try await Self.failure(response).retryAfter == wait)
  }

  @Test(arguments: ["X-RateLimit-", "RateLimit-"])
  func `an empty budget is waited out`(prefix: String) async throws {
    let response = Response(
      status: 429,
      headers: [
        Request.Pair(prefix + "Remaining", "0"), Request.Pair(prefix + "Reset", "1000000060"),
      ])
    #expect(try await Self.failure(response).retryAfter == .seconds(60))
  }

  @Test func `a token that expired is renewed once`() async throws {
    let script = Script([Response(status: 401), Self.ok("[1]")])
    let connection = try Self.connection(script) { () throws(Failure) in
      .token(Secret("second-token"), from: "TEST")
    }
    _ = try await connection.get("/x", as: [Int].self)
    #expect(script.requests.map { $0.header("x-token") } == ["first-token", "second-token"])
  }

  @Test func `a token that stays refused is refused`() async throws {
    let script = Script([Response(status: 401), Response(status: 401)])
    let connection = try Self.connection(script) { () throws(Failure) in
      .token(Secret("second-token"), from: "TEST")
    }
    await #expect(throws: Failure.self) { _ = try await connection.get("/x", as: [Int].self) }
    #expect(script.requests.count == 2)
  }

  @Test(arguments: [
    "", "<html>", "null", "{}", "[1", "[\"a\"]", String(repeating: "[", count: 5000),
  ])
  func `nonsense is unreadable and nothing worse`(body: String) async throws {
    #expect(try await Self.failure(Self.ok(body)).kind == .unreadable)
  }

  @Test func `no message has the token or the query in it`() async throws {
    let script = Script([Response(status: 403)])
    let connection = try Self.connection(script)
    do throws(Failure) {
      _ = try await connection.get(
        "/x", query: [Request.Pair("secret", "value")], as: [Int].self)
    } catch {
      let text = error.sentence
      #expect(!text.contains("first-token") && !text.contains("value") && text.contains("TEST"))
    }
  }

  @Test func `a secret cannot be printed`() {
    let secret = Secret("hunter2")
    let all = "\(secret) \(String(reflecting: secret)) \(Credential.token(secret, from: "X"))"
    #expect(!all.contains("hunter2"))
    var text = ""
    dump(secret, to: &text)
    #expect(!text.contains("hunter2"))
  }

  @Test(arguments: [
    ("https://h", "https://h"), ("https://H:443/", "https://h"),
    ("http://127.0.0.1:8080/a/", "http://127.0.0.1:8080/a"),
    ("https://[::1]:9", "https://[::1]:9"),
  ])
  func `a server is read`(text: String, whole: String) throws {
    #expect(try Server(text).text == whole)
  }

  @Test(arguments: ["", "ftp://h", "h", "https://", "https://u:p@h", "https:///x", "http//h"])
  func `what is no server is refused`(text: String) {
    #expect(throws: Failure.self) { try Server(text) }
  }
}
