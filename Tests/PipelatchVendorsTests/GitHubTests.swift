import Foundation
import PipelatchCore
import PipelatchVendors
import Synchronization
import Testing

/// What a tape cannot show: the codes that a gate ends with, several looks, and what is not sent.
struct GitHubTests {
  static let sha = String(repeating: "f00dcafe", count: 5)

  /// Answers by method and path, and writes down what was asked.
  final class Host: Transport {
    typealias Reply = (status: Int, headers: [String: String], body: String)
    private let reply: @Sendable (Request) -> Reply
    private let seen = Mutex<[Request]>([])

    init(_ reply: @escaping @Sendable (Request) -> Reply) { self.reply = reply }

    convenience init(_ bodies: [String: String]) {
      self.init { request in
        let path = String(request.target.split(separator: "?")[0])
        guard let body = bodies[path] else { return (404, [:], #"{"message":"Not Found"}"#) }
        return (200, [:], body)
      }
    }

    var requests: [Request] { seen.withLock { $0 } }
    func count(_ method: Request.Method) -> Int { requests.count { $0.method == method } }

    func send(_ request: Request) async throws(Failure) -> Response {
      seen.withLock { $0.append(request) }
      let (status, headers, body) = reply(request)
      return Response(
        status: status, headers: headers.map { Request.Pair($0.key, $0.value) },
        body: Array(body.utf8))
    }
  }

  /// Stands still; nothing here waits.
  struct Still: Timekeeper {
    var now: Timestamp { Timestamp(milliseconds: 1_767_323_045_000) }
    var elapsed: Duration { .zero }
    func sleep(for duration: Duration) async throws(CancellationError) {
      throw CancellationError()
    }
  }

  static func vendor(
    _ text: String, on host: Host, server: String? = nil, settings: [String: String] = [:]
  ) throws -> GitHub {
    let target = try Target(text)
    let fallback = try target.server ?? GitHub.server(for: target, settings: settings)
    return try GitHub(
      Site(
        target: target, server: server.map { try Server($0) } ?? fallback,
        wallet: Wallet(.token(Secret("secret-token"), from: "GH_TOKEN")), settings: settings,
        transport: host, now: { Timestamp(milliseconds: 1_767_323_045_000) },
        nonce: { "00112233445566778899aabbccddeeff" }))
  }

  static func check(_ selector: Selector, _ pipeline: GitHub) async -> Outcome {
    await Gate(
      pipeline: pipeline, purpose: .check(selector), terms: Gate.Terms(), schedule: Schedule(),
      time: Still(), dice: Dice { 0.5 }, meter: pipeline.connection, tell: { _ in }
    ).run()
  }

  static func run(
    _ id: Int, _ status: String, _ conclusion: String?, workflow: Int = 1, suite: Int? = nil
  ) -> String {
    let conclusion = conclusion.map { "\"\($0)\"" } ?? "null"
    return """
      {"id":\(id),"name":"W\(workflow)","workflow_id":\(workflow),"event":"push","head_branch":"main",\
      "head_sha":"\(sha)","check_suite_id":\(suite ?? id),"status":"\(status)",\
      "conclusion":\(conclusion),"created_at":"2026-01-02T03:00:00Z"}
      """
  }

  static let jobs = #"{"total_count":1,"jobs":[{"id":1,"name":"j","status":"queued"}]}"#

  @Test(
    arguments: [
      ("requested", nil, 6), ("queued", nil, 6), ("pending", nil, 6), ("in_progress", nil, 6),
      ("waiting", nil, 5), ("completed", "success", 0), ("completed", "failure", 1),
      ("completed", "startup_failure", 1), ("completed", "cancelled", 2),
      ("completed", "timed_out", 3), ("completed", "skipped", 4), ("completed", "neutral", 4),
      ("completed", "action_required", 5), ("completed", "stale", 6), ("completed", "wonderful", 6),
      ("completed", nil, 6), ("success", nil, 6), ("success", "success", 6),
      ("Completed", "success", 6),
      ("in_progress", "success", 6),
    ] as [(String, String?, Int32)])
  func `each status and conclusion has its code`(
    status: String, conclusion: String?, code: Int32
  ) async throws {
    let host = Host([
      "/repos/o/r/actions/runs/1": Self.run(1, status, conclusion),
      "/repos/o/r/actions/runs/1/jobs": Self.jobs,
    ])
    var selector = Selector()
    selector.run = "1"
    let outcome = await Self.check(selector, try Self.vendor("github:o/r#1", on: host))
    #expect(outcome.exitCode.rawValue == code)
    #expect((outcome.verdict == .succeeded) == (code == 0))
  }

  @Test(arguments: [
    (["success", "success"], "completed", 0), (["success", "failure"], "completed", 1),
    (["failure", "timed_out"], "completed", 1), (["success", "timed_out"], "completed", 3),
    (["cancelled", "skipped"], "completed", 2), (["success", "skipped"], "completed", 4),
    (["success", "stale"], "completed", 6), (["success", "success"], "queued", 6),
    (["failure", "failure"], "queued", 6), ([], "completed", 66), ([], "queued", 66),
  ])
  func `a commit is as good as the worst of its workflows`(
    conclusions: [String], suite: String, code: Int32
  ) async throws {
    let root = "/repos/o/r"
    let runs = conclusions.enumerated().map {
      Self.run($0 + 1, "completed", $1, workflow: $0 + 1)
    }
    let host = Host([
      "\(root)/actions/runs": #"{"workflow_runs":[\#(runs.joined(separator: ","))]}"#,
      "\(root)/commits/\(Self.sha)/check-suites":
        #"{"check_suites":[{"id":77,"status":"\#(suite)","app":{"slug":"github-actions"}}]}"#,
      "\(root)/actions/runs/1/jobs": Self.jobs, "\(root)/actions/runs/2/jobs": Self.jobs,
    ])
    var selector = Selector()
    selector.commit = Self.sha
    let outcome = await Self.check(selector, try Self.vendor("github:o/r", on: host))
    #expect(outcome.exitCode.rawValue == code)
  }

  @Test func `what did not change is answered 304 and counted so`() async throws {
    let bodies = [
      "/repos/o/r/actions/runs/1": Self.run(1, "in_progress", nil),
      "/repos/o/r/actions/runs/1/jobs": Self.jobs,
    ]
    let host = Host { request in
      let path = String(request.target.split(separator: "?")[0])
      let tag = "W/\"\(path.count)\""
      return request.header("If-None-Match") == tag
        ? (304, ["etag": tag], "") : (200, ["etag": tag], bodies[path] ?? "")
    }
    let vendor = try Self.vendor("github:o/r", on: host)
    let first = try await vendor.look("1")
    for _ in 0..<3 { #expect(try await vendor.look("1") == first) }
    #expect(vendor.connection.requests.total == 8)
    #expect(vendor.connection.requests.notModified == 6)
  }

  @Test func `a log is fetched from its store without any credential`() async throws {
    let host = Host { request in
      request.server.host == "store.example"
        ? (200, [:], "\u{FEFF}2026-01-02T03:00:00.1234567Z ##[group]Run it\n##[endgroup]\nboom\n")
        : (302, ["location": "https://store.example/1.txt?sig=s"], "")
    }
    let vendor = try Self.vendor("github:o/r", on: host)
    let job = Job(id: "1", name: "j", state: .failed)
    let lines = try await vendor.log(of: job, in: Run(id: "1", state: .failed), last: 20)
    #expect(lines == ["Run it", "boom"])
    #expect(host.requests.map { $0.header("Authorization") } == ["Bearer secret-token", nil])
  }

  @Test(arguments: [
    ("https://api.github.com", ["GH_TOKEN", "GITHUB_TOKEN"]),
    ("https://github.com", ["GH_TOKEN", "GITHUB_TOKEN"]),
    ("https://octo.ghe.com", ["GH_TOKEN", "GITHUB_TOKEN"]),
    ("https://ghes.example", ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"]),
    ("https://notghe.com", ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"]),
    (
      "http://127.0.0.1:8080",
      ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"]
    ),
  ])
  func `a token is for its own hosts`(server: String, names: [String]) throws {
    let forms = GitHub.credentials(for: try Server(server))
    guard forms.count == 1, case .token(let told) = forms[0] else {
      Issue.record("one token is expected, not \(forms)")
      return
    }
    #expect(told == names)
  }

  @Test(
    arguments: [
      ("github:o/r#1", nil, ["https://api.github.com"]),
      ("github:o/r#1", "https://ghes.example", ["https://ghes.example/api/v3"]),
      ("github:o/r#1", "https://ghes.example/api/v3", ["https://ghes.example/api/v3"]),
      (
        "github:o/r#1", "http://127.0.0.1:81",
        ["http://127.0.0.1:81", "http://127.0.0.1:81/api/v3"]
      ),
      ("https://github.com/o/r/actions/runs/1", nil, ["https://api.github.com"]),
      ("https://octo.ghe.com/o/r/actions/runs/1", nil, ["https://api.octo.ghe.com"]),
      ("https://ghes.example/o/r/actions/runs/1/job/2", nil, ["https://ghes.example/api/v3"]),
    ] as [(String, String?, [String])])
  func `the API is where the host has it`(
    target: String, server: String?, roots: [String]
  ) async throws {
    let host = Host([:])
    let vendor = try Self.vendor(target, on: host, server: server)
    await #expect(throws: Failure.self) { try await vendor.look("1") }
    #expect(host.requests.map(\.url) == roots.map { "\($0)/repos/o/r/actions/runs/1" })
  }

  @Test(arguments: [
    "github:o", "github:o/", "github:o/r/w/x", "github:o/..", "github:../r", "github:/a/b",
    "github:o/r#x", "github:o/r#1/attempts/0", "github:o/r#1/2",
    "https://github.com/o/r/actions/runs/new",
  ])
  func `a target of another form is refused`(text: String) {
    #expect(throws: Failure.self) { try Target(text) }
  }

  @Test func `pages and their parts are understood`() throws {
    let page = try Target("https://github.com/o/r/actions/runs/7/attempts/2/job/9")
    #expect(page.path == ["o", "r"] && page.run == "7/attempts/2")
    let workflow = try Target("https://github.com/o/r/actions/workflows/ci.yml")
    #expect(workflow.path == ["o", "r", "ci.yml"] && workflow.run == nil)
    #expect(try Target("github:@main").ref == "main")
  }

  @Test func `GITHUB_API_URL is the server where there is no other`() throws {
    let target = try Target("github:o/r")
    let url = "https://ghes.example/api/v3"
    #expect(try GitHub.server(for: target, settings: ["GITHUB_API_URL": url]).text == url)
  }

  @Test(arguments: [200, 204, 400, 401, 403, 404, 422, 429, 500, 502])
  func `a dispatch is sent once whatever is answered`(status: Int) async throws {
    let host = Host { request in
      request.method == .post ? (status, [:], #"{"message":"no"}"#) : (404, [:], "{}")
    }
    var order = Order()
    order.ref = "main"
    _ = try? await Self.vendor("github:o/r/w.yml", on: host).start(order)
    #expect(host.count(.post) == 1)
  }

  @Test(arguments: [
    ("run-name: x ${{ inputs.pipelatch_key }}\n", true), ("name: x\n", false),
    ("run-name: >-\n  x\n  ${{ github.event.inputs.pipelatch_key }}\n", true),
    ("# run-name: ${{ inputs.pipelatch_key }}\n", false),
    ("run-name: x\njobs:\n  a: ${{ inputs.pipelatch_key }}\n", false),
  ])
  func `a key is taken only where the run's title shows it`(line: String, shows: Bool) async throws
  {
    let file = line + "on:\n  workflow_dispatch:\n    inputs:\n      pipelatch_key:\n"
    let host = Host { request in
      if request.method == .post { return (200, [:], #"{"workflow_run_id":5}"#) }
      let isFile = request.path.contains("/contents/")
      return (200, [:], isFile ? file : #"{"path":".github/workflows/w.yml"}"#)
    }
    var order = Order()
    order.ref = "main"
    order.key = "v1"
    let vendor = try Self.vendor("github:o/r/w.yml", on: host)
    if shows {
      #expect(try await vendor.start(order).handle == "5")
    } else {
      await #expect(throws: Failure.self) { try await vendor.start(order) }
      #expect(host.count(.post) == 0)
    }
  }

  @Test(arguments: [
    (true, "repo, workflow", "active", "on: workflow_dispatch", "allowed"),
    (true, "gist", "active", "on: workflow_dispatch", "denied"),
    (true, "", "active", "on: workflow_dispatch", "untold"),
    (false, "repo", "active", "on: workflow_dispatch", "denied"),
    (true, "repo", "disabled_manually", "on: workflow_dispatch", "denied"),
    (true, "repo", "active", "on: push", "denied"),
  ])
  func `whether a trigger is allowed is told without one`(
    push: Bool, scopes: String, state: String, file: String, word: String
  ) async throws {
    let host = Host { request in
      if request.path.contains("/contents/") { return (200, [:], file) }
      let isWorkflow = request.path.hasSuffix("/w.yml")
      let body =
        isWorkflow
        ? #"{"path":".github/workflows/w.yml","state":"\#(state)"}"#
        : #"{"full_name":"o/r","permissions":{"push":\#(push)}}"#
      return (200, ["x-oauth-scopes": scopes], body)
    }
    let permission = try await Self.vendor("github:o/r/w.yml", on: host).permission()
    let told =
      switch permission {
      case .allowed: "allowed"
      case .denied: "denied"
      case .untold: "untold"
      }
    #expect(told == word)
    #expect(host.count(.post) == 0)
  }
}
