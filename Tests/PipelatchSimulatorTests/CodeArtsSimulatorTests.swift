import Foundation
import PipelatchSimulator
import Testing

struct CodeArtsSimulatorTests {
  static let root =
    "/v5/72271b5446614062a01b8be944c9f372/api/pipelines/724cb378007d4303b91f85161f67d6b0"

  let clock = HandClock()

  private func open(_ scenario: Scenario = .success) -> CodeArtsSimulator {
    CodeArtsSimulator(scenario, speed: 1, now: clock.now)
  }

  private func ask(
    _ desk: CodeArtsSimulator, _ method: String, _ target: String, _ body: JSON? = nil
  ) async -> Answer {
    let token: Ask.Pair = ("X-Auth-Token", "MIIDEMO0token0of0an0IAM0user")
    return await desk.answer(Ask(method, target, headers: [token], body: body?.bytes ?? []))
  }

  private func start(_ desk: CodeArtsSimulator, _ order: JSON = [:]) async throws -> String {
    let answer = await ask(desk, "POST", Self.root + "/run", order)
    return try #require(answer.json?["pipeline_run_id"]?.string)
  }

  private func detail(_ desk: CodeArtsSimulator, _ id: String) async -> JSON? {
    await ask(desk, "GET", Self.root + "/pipeline-runs/detail?pipeline_run_id=\(id)").json
  }

  @Test func `a run goes on until the vendor's own word for success`() async throws {
    let desk = open()
    let id = try await start(desk)
    var words: [String] = []
    for _ in 0..<10 {
      let word = await detail(desk, id)?["status"]?.string ?? ""
      if words.last != word { words.append(word) }
      clock.advance(by: 1)
    }
    #expect(words == ["RUNNING", "COMPLETED"])
  }

  @Test(arguments: [
    (Scenario.failure, "FAILED"), (.timedout, "FAILED"), (.canceled, "CANCELED"),
    (.approval, "COMPLETED"),
  ])
  func `a scenario ends with the vendor's own word`(scenario: Scenario, word: String) async throws {
    let desk = open(scenario)
    let id = try await start(desk)
    clock.advance(by: 12)
    #expect(await detail(desk, id)?["status"]?.string == word)
  }

  @Test func `what comes after a failure stays INIT`() async throws {
    let desk = open(.failure)
    let id = try await start(desk)
    clock.advance(by: 12)
    let stages = await detail(desk, id)?["stages"]
    #expect(stages?.array?.map { $0["status"] } == ["COMPLETED", "FAILED", "INIT"])
    #expect(stages?[2]?["jobs"]?[0]?["status"] == "INIT")
  }

  @Test func `a body is owed, and sources name the pipeline's own repository`() async throws {
    let desk = open()
    let empty = await ask(desk, "POST", Self.root + "/run")
    #expect(empty.status == 400)
    #expect(empty.json?["error_code"] == "PARSE_REQUEST_DATA_EXCEPTION")
    let pipeline = await ask(desk, "GET", Self.root).json
    var params = try #require(pipeline?["sources"]?[0]?["params"]?.object)
    params["build_params"] = ["build_type": "tag", "tag": "v1", "event_type": "Manual"]
    let id = try await start(desk, ["sources": [["type": "code", "params": .object(params)]]])
    let build = await detail(desk, id)?["sources"]?[0]?["params"]?["build_params"]
    #expect(build?["tag"] == "v1" && build?["target_branch"] == JSON.null)
    params["git_url"] = "https://elsewhere"
    let other: JSON = ["sources": [["type": "code", "params": .object(params)]]]
    #expect(await ask(desk, "POST", Self.root + "/run", other).status == 400)
  }

  @Test func `the list is behind, and is cut as asked`() async throws {
    let desk = open()
    let id = try await start(desk)
    let query: JSON = ["limit": 3, "offset": 0, "sort_dir": "desc", "sort_key": "start_time"]
    let fresh = await ask(desk, "POST", Self.root + "/pipeline-runs/list", query).json
    #expect(fresh?["pipeline_runs"]?.array?.map { $0["run_number"] } == [4, 3, 2])
    clock.advance(by: 3)
    let later = await ask(desk, "POST", Self.root + "/pipeline-runs/list", query).json
    #expect(later?["pipeline_runs"]?[0]?["pipeline_run_id"]?.string == id)
    let failed: JSON = ["limit": 3, "status": ["FAILED"]]
    let none = await ask(desk, "POST", Self.root + "/pipeline-runs/list", failed).json
    #expect(none?["total"] == 0)
  }

  @Test(arguments: [("pass", "RUNNING"), ("refuse", "FAILED")])
  func `a run waits PAUSED until a person decides`(verb: String, word: String) async throws {
    let desk = open(.approval)
    let id = try await start(desk)
    clock.advance(by: 6)
    let run = await detail(desk, id)
    #expect(run?["status"] == "PAUSED")
    let job = try #require(run?["stages"]?[2]?["jobs"]?[0])
    let (jobID, stepID) = (job["id"]?.string ?? "", job["steps"]?[0]?["id"]?.string ?? "")
    let path = Self.root + "/pipeline-runs/\(id)/jobs/\(jobID)/steps/\(stepID)/\(verb)"
    #expect(await ask(desk, "POST", path).json?["success"] == true)
    clock.advance(by: 0.5)
    #expect(await detail(desk, id)?["status"]?.string == word)
    #expect(await ask(desk, "POST", path).json?["success"] == false)
  }

  @Test func `a log comes in pages whose offsets are texts`() async throws {
    let desk = open(.failure)
    let id = try await start(desk)
    clock.advance(by: 12)
    let job = try #require(await detail(desk, id)?["stages"]?[1]?["jobs"]?[1])
    let (jobID, stepID) = (job["id"]?.string ?? "", job["steps"]?[0]?["id"]?.string ?? "")
    let path = Self.root + "/pipeline-runs/\(id)/jobs/\(jobID)/steps/\(stepID)/logs"
    let first: JSON = ["start_offset": 0, "end_offset": 0, "limit": 100, "sort": "asc"]
    let page = await ask(desk, "POST", path, first).json
    #expect(page?["has_more"] == true && page?["end_offset"] == "4")
    let rest: JSON = ["start_offset": 0, "end_offset": 4, "limit": 100, "sort": "asc"]
    let last = await ask(desk, "POST", path, rest).json
    #expect(last?["has_more"] == false && last?["log"]?.string?.hasSuffix("Error 1") == true)
  }

  @Test func `errors come with status 200`() async {
    let desk = open()
    let project = await ask(
      desk, "GET",
      Self.root.replacingOccurrences(of: "72271b", with: "000000")
        + "/pipeline-runs/detail")
    #expect(project.status == 200 && project.json?["error_code"] == "DEVPIPE.00011412")
    #expect(await detail(desk, "none") == JSON.null)
  }
}

struct CodeArtsRepoSimulatorTests {
  @Test(arguments: [
    (Scenario.success, "success"), (.failure, "failed"), (.canceled, "canceled"),
    (.timedout, "timedout"), (.approval, "success"), (.flaky, "success"),
  ])
  func `a run is going from the beginning and ends with the repository's word`(
    scenario: Scenario, word: String
  ) async {
    let clock = HandClock()
    let desk = CodeArtsRepoSimulator(scenario, speed: 1, now: clock.now)
    var words: [String] = []
    for _ in 0..<12 {
      let token: Ask.Pair = ("X-Auth-Token", "MIIDEMO0token0of0an0IAM0user")
      let path = "/v4/repositories/2111976239/pipelines/6/latest-jobs"
      let answer = await desk.answer(Ask("GET", path, headers: [token])).json
      #expect(answer?["id"] == 6)
      #expect(answer?["stages"]?[0]?["sort_id"] == JSON.null)
      let now = answer?["status"]?.string ?? ""
      if words.last != now { words.append(now) }
      clock.advance(by: 1)
    }
    #expect(words == ["pending", "running", word])
  }

  @Test func `times have an offset and an address its stray quote`() async {
    let desk = CodeArtsRepoSimulator(.success, speed: 1, now: HandClock().now)
    let token: Ask.Pair = ("X-Auth-Token", "MIIDEMO0token0of0an0IAM0user")
    let path = "/v4/repositories/2111976239/pipelines/6/latest-jobs"
    let job = await desk.answer(Ask("GET", path, headers: [token])).json?["stages"]?[0]?["jobs"]?[0]
    #expect(job?["created_at"] == "2026-09-21T22:13:20.000+08:00")
    #expect(job?["target_url"]?.string?.hasSuffix("\"") == true)
    #expect(job?["started_at"] == JSON.null)
    let other = await desk.answer(
      Ask("GET", path.replacingOccurrences(of: "/6/", with: "/7/"), headers: [token]))
    #expect(other.status == 404)
  }
}
