import PipelatchCore
import Synchronization
import Testing

@testable import PipelatchVendors

/// What both services of Huawei Cloud share.
struct HuaweiCloudTests {
  private static let missing = Response(status: 404, body: Array("{}".utf8))

  private func pipeline(
    _ line: Line, at clock: Clock = Clock(), wallet: Wallet? = nil
  ) throws -> CodeArtsRepo {
    let target = try Target("codearts-repo:cn-north-4/1/6")
    let keys = Credential.keys(id: "one", secret: Secret("first"), session: nil)
    return try CodeArtsRepo(
      Site(
        target: target, server: CodeArtsRepo.server(for: target, settings: [:]),
        wallet: wallet ?? Wallet(keys), transport: line, now: { clock.tick() }, nonce: { "" }))
  }

  private func failure(_ pipeline: CodeArtsRepo) async -> Failure? {
    await #expect(throws: Failure.self) { try await pipeline.look("6") }
  }

  @Test func `every request is signed with the date of its own moment`() async throws {
    let line = Line([Self.missing, Self.missing])
    let pipeline = try pipeline(line)
    for _ in 0..<2 { _ = await failure(pipeline) }
    let dates = Set(line.asked.compactMap { $0.header("X-Sdk-Date") })
    #expect(dates.count == 2)
    #expect(Set(line.asked.compactMap { $0.header("Authorization") }).count == 2)
  }

  @Test func `a repetition with new keys is signed anew, with those keys`() async throws {
    let line = Line([Response(status: 401), Self.missing])
    let fresh = Credential.keys(id: "two", secret: Secret("second"), session: Secret("token"))
    let wallet = Wallet(
      .keys(id: "one", secret: Secret("first"), session: nil),
      renewal: { () async throws(Failure) -> Credential in fresh })
    let failure = await failure(try pipeline(line, wallet: wallet))
    #expect(failure?.kind == .missing)
    #expect(line.asked.count == 2)
    #expect(line.asked.last?.header("Authorization")?.contains("Access=two,") == true)
    #expect(line.asked.last?.header("X-Security-Token") == "token")
    #expect(line.asked.first?.header("X-Sdk-Date") != line.asked.last?.header("X-Sdk-Date"))
  }

  @Test func `the vendor's count tells how long to stay away`() async throws {
    let body = #"{"error_code":"APIGW.0308","error_msg":"over ratelimit,limit:10,time:2 minutes"}"#
    let failure = await failure(
      try pipeline(Line([Response(status: 429, body: Array(body.utf8))])))
    #expect(failure?.kind == .throttled)
    #expect(failure?.retryAfter == .seconds(120))
  }

  @Test(arguments: [(-14, false), (-16, true), (14, false), (16, true)])
  func `a clock is the cause only beyond what the vendor allows`(
    minutes: Int, named: Bool
  ) async throws {
    let clock = Clock(Timestamp(iso8601: "2026-01-02T03:00:00Z")! + .seconds(minutes * 60))
    let response = Response(
      status: 401, headers: [Request.Pair("Date", "Fri, 02 Jan 2026 03:00:00 GMT")])
    let failure = await failure(try pipeline(Line([response]), at: clock))
    #expect(failure?.kind == .refused)
    #expect(failure?.remedy?.contains("clock") == named)
  }

  @Test func `a token is not told to set the clock`() async throws {
    let clock = Clock(Timestamp(iso8601: "2026-01-02T05:00:00Z")!)
    let response = Response(
      status: 401, headers: [Request.Pair("Date", "Fri, 02 Jan 2026 03:00:00 GMT")])
    let wallet = Wallet(.token(Secret("t"), from: "HUAWEICLOUD_AUTH_TOKEN"))
    let failure = await failure(try pipeline(Line([response]), at: clock, wallet: wallet))
    #expect(failure?.what.contains("refuses the token in HUAWEICLOUD_AUTH_TOKEN") == true)
  }

  @Test func `a region that is not known needs a server`() throws {
    let target = try Target("codearts:moon-1/P/PL")
    let failure = #expect(throws: Failure.self) { try CodeArts.server(for: target, settings: [:]) }
    #expect(failure?.kind == .usage)
    #expect(failure?.remedy?.contains("--server") == true)
  }

  @Test(arguments: [
    ("cn-north-4", "cloudpipeline-ext", "codehub-ext"),
    ("la-south-2", "pipeline-external", "codeartsrepo-ext"),
    ("me-east-1", "pipeline", "repo"),
  ])
  func `a region has its own host`(region: String, pipeline: String, repository: String) throws {
    let one = try CodeArts.server(for: Target("codearts:\(region)/P/PL"), settings: [:])
    let other = try CodeArtsRepo.server(for: Target("codearts-repo:\(region)/1/2"), settings: [:])
    #expect(one.text == "https://\(pipeline).\(region).myhuaweicloud.com")
    #expect(other.text == "https://\(repository).\(region).myhuaweicloud.com")
  }

  @Test func `the console's address is a target`() throws {
    let page = "https://devcloud.cn-north-4.huaweicloud.com/cicd/project/P/pipeline/detail/PL"
    let run = try Target(page + "/R?v=1")
    #expect(run.vendor == "codearts")
    #expect(run.path == ["cn-north-4", "P", "PL"])
    #expect(run.run == "R")
    #expect(try Target(page).run == nil)
    #expect(throws: Failure.self) {
      try Target(page.replacing("huaweicloud.com", with: "evil.com"))
    }
    #expect(throws: Failure.self) { try Target(page + "/R/more") }
  }

  @Test(arguments: [
    "codearts:cn-north-4/P", "codearts:cn-north-4//PL", "codearts-repo:cn-north-4/1/name",
    "codearts-repo:cn-north-4/0/1", "codearts-repo:cn-north-4/1/6#7",
  ])
  func `a path of another form is refused`(text: String) {
    let failure = #expect(throws: Failure.self) { try Target(text) }
    #expect(failure?.kind == .usage)
  }

  @Test func `a repository's pipeline may be named as its own run`() throws {
    #expect(try Target("codearts-repo:cn-north-4/1/6#6").run == "6")
  }
}

/// Gives the answers in their order and keeps what was asked.
private final class Line: Transport {
  private let state: Mutex<(answers: [Response], asked: [Request])>

  init(_ answers: [Response]) { state = Mutex((answers, [])) }

  var asked: [Request] { state.withLock { $0.asked } }

  func send(_ request: Request) async throws(Failure) -> Response {
    let answer = state.withLock { state in
      state.asked.append(request)
      return state.answers.isEmpty ? nil : state.answers.removeFirst()
    }
    guard let answer else { throw Failure(.fault, "nothing more was to be asked") }
    return answer
  }
}

/// A clock that goes on by a second whenever it is read.
private final class Clock: Sendable {
  private let now: Mutex<Timestamp>

  init(_ start: Timestamp = Timestamp(iso8601: "2026-01-02T03:04:05Z")!) { now = Mutex(start) }

  func tick() -> Timestamp {
    now.withLock { now in
      now = now + .seconds(1)
      return now
    }
  }
}
