import Foundation
import PipelatchSimulator
import Testing

struct YunxiaoSimulatorTests {
  static let central = "/oapi/v1/flow/organizations/demo-org/pipelines/1001"
  static let region = "/oapi/v1/flow/pipelines/1001"
  static let repository = "https://codeup.aliyun.com/demo-org/shop.git"

  let clock: HandClock
  let desk: YunxiaoSimulator

  init() {
    clock = HandClock()
    desk = YunxiaoSimulator(.success, speed: 1, now: clock.now)
  }

  private func ask(
    _ method: String, _ target: String, _ body: JSON? = nil, token: String? = nil,
    of desk: YunxiaoSimulator? = nil
  ) async -> Answer {
    let desk = desk ?? self.desk
    let token = token ?? desk.environment["YUNXIAO_ACCESS_TOKEN"] ?? ""
    return await desk.answer(
      Ask(method, target, headers: [("X-Yunxiao-Token", token)], body: body?.bytes ?? []))
  }

  private func start(_ params: JSON, of desk: YunxiaoSimulator? = nil) async -> Answer {
    await ask("POST", Self.central + "/runs", ["params": .string(params.text)], of: desk)
  }

  @Test func `a start answers the bare number of the run`() async {
    let answer = await start(["envs": ["COLOR": "blue"]])
    #expect(answer.status == 200 && answer.json == 5)
    let run = await ask("GET", Self.central + "/runs/5").json
    #expect(run?["status"] == "WAITING" && run?["triggerMode"] == 4)
    #expect(run?["globalParams"]?[0]?["key"] == "COLOR")
    #expect(run?["sources"]?[0]?["data"]?["branch"] == "master")
    #expect(run?["stages"]?[0]?["stageInfo"]?["startTime"] == JSON.null)
  }

  @Test func `a run goes from WAITING over RUNNING to SUCCESS`() async {
    _ = await start([:])
    var words: [String] = []
    for _ in 0..<10 {
      let run = await ask("GET", Self.region + "/runs/latestPipelineRun").json
      let word = run?["status"]?.string ?? ""
      if words.last != word { words.append(word) }
      clock.advance(by: 1)
    }
    #expect(words == ["WAITING", "RUNNING", "SUCCESS"])
  }

  @Test(arguments: [
    (Scenario.failure, "FAIL"), (.timedout, "FAIL"), (.canceled, "CANCELED"), (.flaky, "SUCCESS"),
    (.approval, "SUCCESS"),
  ])
  func `a scenario ends with Flow's own word`(scenario: Scenario, word: String) async {
    let desk = YunxiaoSimulator(scenario, speed: 1, now: clock.now)
    _ = await start([:], of: desk)
    clock.advance(by: 10)
    let run = await ask("GET", Self.central + "/runs/5", of: desk).json
    #expect(run?["status"]?.string == word)
  }

  @Test func `the branch of a repository is taken, of a misspelled one it is not`() async {
    _ = await start(["runningBranchs": [Self.repository: "release"]])
    _ = await start(["runningBranchs": ["https://codeup.aliyun.com/other.git": "release"]])
    let branches = [5, 6]
    for (number, branch) in zip(branches, ["release", "master"]) {
      let run = await ask("GET", Self.central + "/runs/\(number)").json
      #expect(run?["sources"]?[0]?["data"]?["branch"]?.string == branch)
    }
    let pipeline = await ask("GET", Self.central).json
    let source = pipeline?["pipelineConfig"]?["sources"]?[0]?["data"]
    #expect(source?["repo"]?.string == Self.repository)
  }

  @Test func `params that are no JSON text are refused, and so is the reserved name`() async {
    let nested = await ask("POST", Self.central + "/runs", ["params": ["envs": [:]]])
    #expect(nested.status == 400 && nested.json?["errorCode"] == "BadRequest")
    #expect(await ask("POST", Self.central + "/runs", ["params": "{"]).status == 400)
    #expect(await start(["envs": ["version": "1"]]).status == 400)
    #expect(await ask("POST", Self.central + "/runs").json == 5)
  }

  @Test func `the list is paged, newest first, with its totals in headers`() async {
    let answer = await ask("GET", Self.central + "/runs?perPage=3&page=1")
    #expect(answer.json?.array?.map { $0["pipelineRunId"]?.int } == [4, 3, 2])
    #expect(answer.header("x-total") == "4" && answer.header("x-total-pages") == "2")
    let rest = await ask("GET", Self.central + "/runs?perPage=3&page=2")
    #expect(rest.json?.array?.map { $0["pipelineRunId"]?.int } == [1])
    #expect(await ask("GET", Self.central + "/runs?perPage=31").status == 400)
    let past = await ask("GET", Self.central + "/runs/1").json
    #expect(past?["status"] == "SUCCESS")
  }

  @Test func `a list can be cut by status and by time, the end spelled as Flow spells it`() async {
    _ = await start([:])
    let running = await ask("GET", Self.central + "/runs?status=WAITING").json
    #expect(running?.array?.count == 1 && running?[0]?["endTime"] == JSON.null)
    let end = Int(HandClock.begin.timeIntervalSince1970 * 1000) - 3_600_000
    let before = await ask("GET", Self.central + "/runs?endTme=\(end)").json
    #expect(before?.array?.map { $0["pipelineRunId"]?.int } == [4, 3, 2, 1])
  }

  @Test func `a stop answers true once and the run is CANCELED`() async {
    _ = await start([:])
    clock.advance(by: 4)
    #expect(await ask("PUT", Self.central + "/runs/5").json == true)
    #expect(await ask("GET", Self.central + "/runs/5").json?["status"] == "CANCELED")
    #expect(await ask("PUT", Self.central + "/runs/5").json == false)
  }

  @Test func `a job's log grows until the job has ended`() async throws {
    _ = await start([:])
    clock.advance(by: 2)
    let run = await ask("GET", Self.central + "/runs/5").json
    let job = try #require(run?["stages"]?[0]?["stageInfo"]?["jobs"]?[0]?["id"]?.int)
    let log = await ask("GET", Self.central + "/runs/5/job/\(job)/log").json
    #expect(log?["content"] == "$ make\nfetching dependencies\n" && log?["more"] == true)
    #expect(await ask("GET", Self.central + "/runs/5/job/1/log").status == 404)
  }

  @Test(arguments: [("pass", "RUNNING"), ("refuse", "FAIL")])
  func `a job at its gate has actions, and a person may pass or refuse it`(
    verb: String, word: String
  ) async throws {
    let desk = YunxiaoSimulator(.approval, speed: 1, now: clock.now)
    _ = await start([:], of: desk)
    clock.advance(by: 6)
    let run = await ask("GET", Self.central + "/runs/5", of: desk).json
    let gate = try #require(run?["stages"]?[2]?["stageInfo"]?["jobs"]?[0])
    #expect(run?["status"] == "RUNNING" && gate["status"] == "WAITING")
    #expect(
      gate["actions"]?.array?.map { $0["type"] }
        == ["PassPipelineValidate", "RefusePipelineValidator"])
    let id = try #require(gate["id"]?.int)
    let path = Self.central + "/pipelineRuns/5/jobs/\(id)/\(verb)"
    #expect(await ask("POST", path, of: desk).json == true)
    clock.advance(by: 0.5)
    #expect(await ask("POST", path, of: desk).json == false)
    #expect(await ask("GET", Self.central + "/runs/5", of: desk).json?["status"]?.string == word)
  }

  @Test func `a token is wanted, and its rights are looked at`() async {
    let nobody = await desk.answer(Ask("GET", Self.central))
    #expect(nobody.status == 401 && nobody.json?["errorCode"] == "Unauthorized")
    let wrong = await ask("GET", Self.central, token: "pt-other")
    #expect(wrong.status == 401 && wrong.json?["errorCode"] == "InvalidTokenError")
    let reader = "pt-demo-0fbG_read"
    #expect(await ask("GET", Self.central, token: reader).status == 200)
    #expect(await ask("POST", Self.central + "/runs", token: reader).status == 403)
    let other = await ask("GET", "/oapi/v1/flow/organizations/other/pipelines/1001")
    #expect(other.status == 403)
    #expect(await ask("GET", "/oapi/v1/platform/user").json?["lastOrganization"] == "demo-org")
    #expect(await ask("GET", "/oapi/v1/platform/organizations").json?.array?.count == 1)
  }

  @Test(arguments: [
    // As the English page prints it: the organization is left out.
    "/oapi/v1/flow/organizations/pipelines/1001/runs/latestPipelineRun",
    "/oapi/v1/flow/organizations/demo-org/pipelines/7/runs/latestPipelineRun",
    "/oapi/v1/flow/organizations/demo-org/pipelines/1001/runs/99",
    "/oapi/v1/flow/organizations/demo-org/pipelines/1001/pipelineRuns/1",
  ])
  func `what is not there is NotFound`(path: String) async {
    let answer = await ask("GET", path)
    #expect(answer.status == 404 && answer.json?["errorCode"] == "NotFound")
  }
}
