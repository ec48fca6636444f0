import Foundation
import PipelatchSimulator
import Testing

struct GitHubSimulatorTests {
  static let root = "/repos/demo/shop"
  static let dispatches = root + "/actions/workflows/ci.yml/dispatches"

  let clock: HandClock
  let desk: GitHubSimulator

  init() {
    clock = HandClock()
    desk = GitHubSimulator(.success, speed: 1, now: clock.now)
  }

  private func ask(
    _ method: String, _ target: String, _ body: JSON? = nil, _ headers: [Ask.Pair] = [],
    token: String? = nil, of desk: GitHubSimulator? = nil
  ) async -> Answer {
    let desk = desk ?? self.desk
    let token = token ?? desk.environment["GH_TOKEN"] ?? ""
    var all: [Ask.Pair] = headers
    if !headers.contains(where: { $0.name == "X-GitHub-Api-Version" }) {
      all.append(("X-GitHub-Api-Version", "2026-03-10"))
    }
    all += [("Authorization", "Bearer \(token)"), ("User-Agent", "test"), ("Host", "127.0.0.1:1")]
    return await desk.answer(Ask(method, target, headers: all, body: body?.bytes ?? []))
  }

  private func start(of desk: GitHubSimulator? = nil) async -> Int {
    await ask("POST", Self.dispatches, ["ref": "main"], of: desk).json?["workflow_run_id"]?.int ?? 0
  }

  @Test func `a dispatch answers the run's id, in the older version nothing`() async {
    let answer = await ask("POST", Self.dispatches, ["ref": "main"])
    #expect(answer.status == 200)
    let id = answer.json?["workflow_run_id"]?.int ?? 0
    let run = await ask("GET", Self.root + "/actions/runs/\(id)").json
    #expect(run?["id"]?.int == id && run?["event"] == "workflow_dispatch")
    let older: [Ask.Pair] = [("X-GitHub-Api-Version", "2022-11-28")]
    let quiet = await ask("POST", Self.dispatches, ["ref": "main"], older)
    #expect(quiet.status == 204 && quiet.body.isEmpty)
    let body: JSON = ["ref": "main", "return_run_details": true]
    #expect(await ask("POST", Self.dispatches, body, older).status == 200)
    #expect(await ask("POST", Self.dispatches, body).status == 422)
  }

  @Test func `an unknown version, input or token is refused`() async {
    let odd: [Ask.Pair] = [("X-GitHub-Api-Version", "2099-01-01")]
    #expect(await ask("GET", Self.root, nil, odd).status == 400)
    let body: JSON = ["ref": "main", "inputs": ["colour": "blue"]]
    #expect(await ask("POST", Self.dispatches, body).status == 422)
    #expect(await ask("POST", Self.dispatches, [:]).status == 422)
    #expect(await ask("GET", Self.root, token: "ghp_other").status == 401)
    let reader = "ghp_demo0fbGread"
    #expect(await ask("GET", Self.root, token: reader).status == 200)
    #expect(await ask("POST", Self.dispatches, ["ref": "main"], token: reader).status == 403)
  }

  @Test(arguments: [
    (Scenario.success, "success"), (.failure, "failure"), (.timedout, "timed_out"),
    (.canceled, "cancelled"), (.approval, "success"), (.flaky, "success"),
  ])
  func `a scenario ends with GitHub's own word`(scenario: Scenario, word: String) async {
    let desk = GitHubSimulator(scenario, speed: 1, now: clock.now)
    let id = await start(of: desk)
    let path = Self.root + "/actions/runs/\(id)"
    #expect(await ask("GET", path, of: desk).json?["conclusion"] == JSON.null)
    clock.advance(by: 10)
    let run = await ask("GET", path, of: desk).json
    #expect(run?["status"] == "completed" && run?["conclusion"]?.string == word)
  }

  @Test func `what has not changed is 304 and costs nothing`() async throws {
    let id = await start()
    let path = Self.root + "/actions/runs/\(id)/jobs"
    let first = await ask("GET", path)
    let tag = try #require(first.header("etag"))
    let again = await ask("GET", path, nil, [("If-None-Match", tag)])
    #expect(again.status == 304 && again.body.isEmpty)
    #expect(again.header("x-ratelimit-remaining") == first.header("x-ratelimit-remaining"))
    clock.advance(by: 2)
    let later = await ask("GET", path, nil, [("If-None-Match", tag)])
    #expect(later.status == 200 && later.header("x-ratelimit-used") == "3")
  }

  @Test func `a list is paged by Link, from the newest`() async {
    _ = await start()
    let answer = await ask("GET", Self.root + "/actions/runs?per_page=2")
    #expect(answer.json?["total_count"] == 5)
    #expect(answer.json?["workflow_runs"]?.array?.map { $0["run_number"]?.int } == [5, 4])
    let next = "<http://127.0.0.1:1/repositories/1296269/actions/runs?per_page=2&page=2>"
    #expect(answer.header("link")?.contains("\(next); rel=\"next\"") == true)
    let last = await ask("GET", "/repositories/1296269/actions/runs?per_page=2&page=3")
    #expect(last.json?["workflow_runs"]?.array?.count == 1)
    #expect(last.header("link")?.contains("next") == false)
  }

  @Test func `a log lies behind an address that takes no credential`() async throws {
    let id = await start()
    let path = Self.root + "/actions/runs/\(id)/jobs"
    let job = try #require(await ask("GET", path).json?["jobs"]?[0]?["id"]?.int)
    #expect(await ask("GET", Self.root + "/actions/jobs/\(job)/logs").status == 404)
    clock.advance(by: 10)
    let answer = await ask("GET", Self.root + "/actions/jobs/\(job)/logs")
    let place = try #require(answer.header("location"))
    #expect(answer.status == 302)
    let target = place.replacingOccurrences(of: "http://127.0.0.1:1", with: "")
    #expect(await ask("GET", target).status == 400)
    let log = await desk.answer(Ask("GET", target))
    #expect(String(decoding: log.body, as: UTF8.self).contains("Z build complete\n"))
  }

  @Test func `a gate is a deployment that waits, and can be approved or refused`() async {
    for (word, end) in [("approved", "success"), ("rejected", "failure")] {
      let desk = GitHubSimulator(.approval, speed: 1, now: clock.now)
      let path = Self.root + "/actions/runs/\(await start(of: desk))"
      #expect(await ask("GET", path + "/pending_deployments", of: desk).json == [])
      clock.advance(by: 6)
      #expect(await ask("GET", path, of: desk).json?["status"] == "waiting")
      let pending = await ask("GET", path + "/pending_deployments", of: desk).json
      #expect(pending?[0]?["environment"]?["name"] == "production")
      let jobs = await ask("GET", path + "/jobs", of: desk).json?["jobs"]?.array
      #expect(jobs?.last?["status"] == "waiting" && jobs?.count == 5)
      let review: JSON = ["environment_ids": [161_088_068], "state": .string(word), "comment": "-"]
      _ = await ask("POST", path + "/pending_deployments", review, of: desk)
      clock.advance(by: 5)
      #expect(await ask("GET", path, of: desk).json?["conclusion"]?.string == end)
    }
  }

  @Test func `a cancel is taken once`() async {
    let path = Self.root + "/actions/runs/\(await start())"
    clock.advance(by: 2)
    #expect(await ask("POST", path + "/cancel").status == 202)
    #expect(await ask("GET", path).json?["conclusion"] == "cancelled")
    #expect(await ask("POST", path + "/cancel").status == 409)
  }

  @Test func `a commit has its check suite and its run`() async throws {
    let id = await start()
    let run = await ask("GET", Self.root + "/actions/runs/\(id)").json
    let sha = try #require(run?["head_sha"]?.string)
    let suites = await ask("GET", Self.root + "/commits/\(sha)/check-suites").json
    #expect(suites?["check_suites"]?[0]?["id"] == run?["check_suite_id"])
    #expect(suites?["check_suites"]?[0]?["app"]?["slug"] == "github-actions")
    let runs = await ask("GET", Self.root + "/actions/runs?head_sha=\(sha)").json
    #expect(runs?["workflow_runs"]?.array?.count == 1)
    let short = await ask("GET", Self.root + "/commits/\(sha.prefix(39))").json
    #expect(short?["sha"]?.string == nil || short?["sha"]?.string == sha)
  }

  @Test func `a key stands in the title of its run`() async {
    let body: JSON = ["ref": "main", "inputs": ["pipelatch_key": "[pipelatch v1]"]]
    _ = await ask("POST", Self.dispatches, body)
    let runs = await ask("GET", Self.root + "/actions/runs?event=workflow_dispatch").json
    #expect(runs?["workflow_runs"]?[0]?["display_title"] == "CI [pipelatch v1]")
    let raw: [Ask.Pair] = [("Accept", "application/vnd.github.raw+json")]
    let file = await ask("GET", Self.root + "/contents/.github/workflows/ci.yml?ref=main", nil, raw)
    #expect(String(decoding: file.body, as: UTF8.self).contains("run-name: CI ${{ inputs."))
  }
}
