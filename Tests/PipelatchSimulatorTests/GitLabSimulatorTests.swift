import Foundation
import PipelatchSimulator
import Testing

struct GitLabSimulatorTests {
  static let root = "/api/v4/projects/demo%2Fshop"
  static let jobToken = "glcbt-64_demo0fbG"

  let clock: HandClock
  let desk: GitLabSimulator

  init() {
    clock = HandClock()
    desk = GitLabSimulator(.success, speed: 1, now: clock.now)
  }

  private func ask(
    _ method: String, _ target: String, _ body: JSON? = nil, headers: [Ask.Pair]? = nil,
    of desk: GitLabSimulator? = nil
  ) async -> Answer {
    let desk = desk ?? self.desk
    let token = desk.environment["GITLAB_TOKEN"] ?? ""
    return await desk.answer(
      Ask(
        method, target, headers: headers ?? [("PRIVATE-TOKEN", token)], body: body?.bytes ?? []))
  }

  private func start(of desk: GitLabSimulator? = nil) async -> Answer {
    await ask("POST", Self.root + "/pipeline", ["ref": "main"], of: desk)
  }

  @Test func `a start answers 201 with the whole pipeline`() async {
    let answer = await ask(
      "POST", Self.root + "/pipeline",
      ["ref": "main", "variables": [["key": "COLOR", "value": "blue"]]])
    #expect(answer.status == 201 && answer.json?["id"] == 8050)
    #expect(answer.json?["status"] == "pending" && answer.json?["source"] == "api")
    let variables = await ask("GET", Self.root + "/pipelines/8050/variables").json
    #expect(variables?[0]?["key"] == "COLOR" && variables?[0]?["value"] == "blue")
    #expect(await ask("GET", "/api/v4/projects/21/pipelines/8050").status == 200)
  }

  @Test func `a pipeline goes from pending over running to success`() async {
    _ = await start()
    var words: [String] = []
    for _ in 0..<10 {
      let word = await ask("GET", Self.root + "/pipelines/8050").json?["status"]?.string ?? ""
      if words.last != word { words.append(word) }
      clock.advance(by: 1)
    }
    #expect(words == ["pending", "running", "success"])
  }

  @Test(arguments: [
    (Scenario.failure, "failed", "script_failure"),
    (.timedout, "failed", "job_execution_timeout"),
    (.canceled, "canceled", ""), (.approval, "success", ""), (.flaky, "success", ""),
  ])
  func `a scenario ends with GitLab's own word, and its job says why`(
    scenario: Scenario, word: String, reason: String
  ) async {
    let desk = GitLabSimulator(scenario, speed: 1, now: clock.now)
    _ = await start(of: desk)
    clock.advance(by: 10)
    let pipeline = await ask("GET", Self.root + "/pipelines/8050", of: desk).json
    #expect(pipeline?["status"]?.string == word && pipeline?["finished_at"]?.string != nil)
    let jobs = await ask("GET", Self.root + "/pipelines/8050/jobs", of: desk).json?.array ?? []
    #expect(jobs.compactMap { $0["failure_reason"]?.string } == (reason.isEmpty ? [] : [reason]))
  }

  @Test func `the deployment is a child pipeline under its trigger job`() async throws {
    _ = await start()
    clock.advance(by: 2)
    let early = await ask("GET", Self.root + "/pipelines/8050/bridges").json
    #expect(early?[0]?["status"] == "created" && early?[0]?["downstream_pipeline"] == JSON.null)
    #expect(await ask("GET", Self.root + "/pipelines/8051").status == 404)
    clock.advance(by: 4)
    let bridge = await ask("GET", Self.root + "/pipelines/8050/trigger_jobs").json?[0]
    #expect(bridge?["downstream_pipeline"]?["status"] == "running")
    let child = try #require(bridge?["downstream_pipeline"]?["id"]?.int)
    let jobs = await ask("GET", Self.root + "/pipelines/\(child)/jobs").json
    #expect(jobs?.array?.count == 1 && jobs?[0]?["pipeline"]?["id"]?.int == child)
    let listed = await ask("GET", Self.root + "/pipelines").json?.array ?? []
    #expect(listed.map { $0["id"]?.int } == [8050, 8040, 8030, 8020, 8010])
  }

  @Test func `a list is paged by Link and by X-Next-Page, newest first`() async throws {
    _ = await start()
    let first = await ask("GET", Self.root + "/pipelines/8050/jobs?per_page=3")
    #expect(first.json?.array?.map { $0["id"]?.int } == [90503, 90502, 90501])
    #expect(first.header("X-Next-Page") == "2" && first.header("X-Total") == "4")
    #expect(first.header("Link")?.contains("jobs?per_page=3&page=2>; rel=\"next\"") == true)
    let last = await ask("GET", Self.root + "/pipelines/8050/jobs?per_page=3&page=2")
    #expect(last.json?.array?.count == 1 && last.header("X-Next-Page") == "")
    #expect(last.header("Link")?.contains("next") == false)
  }

  @Test func `what has not changed is 304, and every answer tells the limit`() async {
    _ = await start()
    let target = Self.root + "/pipelines/8050"
    let first = await ask("GET", target)
    let tag = first.header("ETag") ?? ""
    let token = desk.environment["GITLAB_TOKEN"] ?? ""
    let headers: [Ask.Pair] = [("PRIVATE-TOKEN", token), ("If-None-Match", tag)]
    let again = await ask("GET", target, headers: headers)
    #expect(again.status == 304 && again.body.isEmpty && again.header("ETag") == tag)
    #expect(again.header("RateLimit-Remaining") == "1997")
    clock.advance(by: 1)
    #expect(await ask("GET", target, headers: headers).status == 200)
  }

  @Test func `a trace has sections, colors and timestamps`() async {
    _ = await start()
    clock.advance(by: 3)
    let answer = await ask("GET", Self.root + "/jobs/90500/trace")
    let text = String(decoding: answer.body, as: UTF8.self)
    #expect(answer.header("Content-Type") == "text/plain")
    #expect(text.contains("Z 00O section_start:") && text.contains("\u{1B}[32;1m$ make\u{1B}[0;m"))
    #expect(await ask("GET", Self.root + "/jobs/1/trace").status == 404)
  }

  @Test func `a manual job blocks its pipeline until it is played`() async throws {
    let desk = GitLabSimulator(.approval, speed: 1, now: clock.now)
    _ = await start(of: desk)
    clock.advance(by: 6)
    #expect(await ask("GET", Self.root + "/pipelines/8050", of: desk).json?["status"] == "manual")
    let jobs = await ask("GET", Self.root + "/pipelines/8050/jobs", of: desk).json?.array ?? []
    let gate = try #require(jobs.first { $0["status"] == "manual" }?["id"]?.int)
    let path = Self.root + "/jobs/\(gate)/play"
    #expect(await ask("POST", path, of: desk).json?["id"]?.int == gate)
    clock.advance(by: 0.5)
    #expect(await ask("GET", Self.root + "/pipelines/8050", of: desk).json?["status"] == "running")
    #expect(await ask("POST", path, of: desk).status == 400)
  }

  @Test func `a cancel answers 200 whatever the state`() async {
    _ = await start()
    clock.advance(by: 4)
    let path = Self.root + "/pipelines/8050/cancel"
    #expect(await ask("POST", path).json?["status"] == "canceled")
    #expect(await ask("POST", path).status == 200)
  }

  @Test func `a job token triggers and reads, and to anything else the project is not there`() async
  {
    let form = "ref=main&variables%5BCOLOR%5D=blue&token=\(Self.jobToken)"
    let started = await desk.answer(
      Ask("POST", Self.root + "/trigger/pipeline", body: Array(form.utf8)))
    #expect(started.status == 201 && started.json?["source"] == "pipeline")
    let headers: [Ask.Pair] = [("JOB-TOKEN", Self.jobToken)]
    #expect(await ask("GET", Self.root + "/pipelines/8050", headers: headers).status == 200)
    for (method, path) in [
      ("POST", "/pipelines/8050/cancel"), ("GET", "/pipelines/8050/variables"),
      ("GET", "/jobs/90500/trace"), ("POST", "/pipeline"), ("GET", ""),
    ] {
      let answer = await ask(method, Self.root + path, headers: headers)
      #expect(answer.status == 404 && answer.json?["message"] == "404 Project Not Found")
    }
  }

  @Test func `a token is wanted, and its scope is looked at`() async {
    #expect(await ask("GET", Self.root, headers: []).status == 404)
    #expect(await ask("GET", Self.root, headers: [("PRIVATE-TOKEN", "other")]).status == 401)
    let reader: [Ask.Pair] = [("Authorization", "Bearer glpat-demo-0fbGread")]
    #expect(await ask("GET", Self.root, headers: reader).json?["default_branch"] == "main")
    let refused = await ask("POST", Self.root + "/pipeline", ["ref": "main"], headers: reader)
    #expect(refused.status == 403 && refused.json?["error"] == "insufficient_scope")
    #expect(await ask("GET", "/api/v4/projects/other%2Fone").status == 404)
  }

  @Test func `a ref that is not there starts nothing`() async {
    let answer = await ask("POST", Self.root + "/pipeline", ["ref": "gone"])
    #expect(answer.status == 400)
    #expect(answer.json?["message"]?["base"]?[0] == "Reference not found")
    #expect(await ask("POST", Self.root + "/pipeline", [:]).json?["error"] == "ref is missing")
  }
}
