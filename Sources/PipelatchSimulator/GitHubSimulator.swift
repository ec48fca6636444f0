import Crypto
public import FoundationEssentials
import Synchronization

/// GitHub's REST API, version 2026-03-10, with one repository that has one workflow.
/// https://docs.github.com/en/rest/actions
public struct GitHubSimulator: Simulator {
  public static let name = "github"

  static let token = "ghp_demo0fbG35af"
  /// May read, and nothing else.
  static let readOnlyToken = "ghp_demo0fbGread"
  private static let budget = 5000

  private let ledger: Ledger
  private let now: @Sendable () -> Date
  private let spent: Spent

  private final class Spent: Sendable {
    let requests = Mutex(0)
    let reset: Int
    init(_ reset: Date) { self.reset = Int(reset.timeIntervalSince1970) }
  }

  public init(_ scenario: Scenario, speed: Double, now: @escaping @Sendable () -> Date) {
    ledger = Ledger(scenario, speed: speed, now: now)
    self.now = now
    spent = Spent(now().addingTimeInterval(3600))
  }

  public var target: String { "github:\(GitHubBody.fullName)/\(GitHubBody.file)" }
  public var environment: [String: String] { ["GH_TOKEN": Self.token] }

  public func answer(_ ask: Ask) async -> Answer {
    if ask.parts.first == "_logs" { return storedLog(ask) }
    var answer = refusal(ask) ?? route(ask)
    let count = spent.requests.withLock { count in
      if let tag = tag(of: answer, to: ask) {
        answer.headers.append(("ETag", tag))
        if ask.header("if-none-match") == tag {
          // What has not changed is not counted.
          answer.status = 304
          answer.body = []
          return count
        }
      }
      count += 1
      return count
    }
    answer.headers += [
      ("X-OAuth-Scopes", ask.header("authorization") == "Bearer \(Self.token)" ? "repo" : ""),
      ("X-GitHub-Api-Version-Selected", version(ask)), ("X-GitHub-Request-Id", "0001:2345:67890"),
      ("X-RateLimit-Limit", String(Self.budget)), ("X-RateLimit-Used", String(count)),
      ("X-RateLimit-Remaining", String(max(0, Self.budget - count))),
      ("X-RateLimit-Reset", String(spent.reset)), ("X-RateLimit-Resource", "core"),
    ]
    return answer
  }

  private func version(_ ask: Ask) -> String { ask.header("x-github-api-version") ?? "2022-11-28" }

  /// Tags differ from token to token.
  private func tag(of answer: Answer, to ask: Ask) -> String? {
    guard ask.method == "GET", answer.status == 200 else { return nil }
    let seed = answer.body + Array((ask.header("authorization") ?? "").utf8)
    let digest = SHA256.hash(data: Data(seed)).prefix(16)
    return "W/\"" + digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
      + "\""
  }

  private func refusal(_ ask: Ask) -> Answer? {
    if ask.header("user-agent") == nil {
      return Self.error(403, "Request forbidden by administrative rules.")
    }
    if !["2022-11-28", "2026-03-10"].contains(version(ask)) {
      return Self.error(400, "The version you specified is not a supported version.")
    }
    switch ask.header("authorization") {
    case "Bearer \(Self.token)": return nil
    case "Bearer \(Self.readOnlyToken)" where ask.method == "GET": return nil
    case "Bearer \(Self.readOnlyToken)":
      var answer = Self.error(403, "Resource not accessible by personal access token")
      answer.headers.append(("X-Accepted-GitHub-Permissions", "actions=write"))
      return answer
    // A private repository is not there for the nameless.
    case nil: return Self.missing
    default: return Self.error(401, "Bad credentials")
    }
  }

  private func route(_ ask: Ask) -> Answer {
    var parts = ask.parts
    if parts == ["rate_limit"] { return Answer(json: ["resources": ["core": limit]]) }
    let home = GitHubBody.fullName.split(separator: "/").map { $0.lowercased() }
    if parts.starts(with: ["repositories", String(GitHubBody.repositoryID)]) {
      parts.removeFirst(2)
    } else if parts.first == "repos", parts.dropFirst().prefix(2).map({ $0.lowercased() }) == home {
      parts.removeFirst(3)
    } else {
      return Self.missing
    }
    switch (ask.method, parts.first, parts.dropFirst().first) {
    case ("GET", nil, _): return Answer(json: GitHubBody.repository(isWhole: true))
    case ("GET", "contents", _): return contents(Array(parts.dropFirst()), ask)
    case ("GET", "commits", let name?): return commit(name, Array(parts.dropFirst(2)), ask)
    case (_, "actions", "workflows"): return workflows(Array(parts.dropFirst(2)), ask)
    case (_, "actions", "runs"): return runs(Array(parts.dropFirst(2)), ask)
    case ("GET", "actions", "jobs"): return jobs(Array(parts.dropFirst(2)), ask)
    default: return Self.missing
    }
  }

  private var limit: JSON {
    let used = spent.requests.withLock { $0 }
    return [
      "limit": .int(Self.budget), "used": .int(used), "remaining": .int(Self.budget - used),
      "reset": .int(spent.reset),
    ]
  }

  static let missing = error(404, "Not Found")

  static func error(_ status: Int, _ message: String) -> Answer {
    Answer(
      status,
      json: [
        "message": .string(message), "status": .string(String(status)),
        "documentation_url": "https://docs.github.com/rest",
      ])
  }
}

extension GitHubSimulator {
  /// `parts` follow `actions/workflows`.
  private func workflows(_ parts: [String], _ ask: Ask) -> Answer {
    if parts.isEmpty {
      return list([GitHubBody.workflow], "workflows", ask)
    }
    guard [GitHubBody.file, String(GitHubBody.workflowID)].contains(parts[0]) else {
      return Self.missing
    }
    switch (ask.method, parts.dropFirst().first) {
    case ("GET", nil): return Answer(json: GitHubBody.workflow)
    case ("GET", "runs"): return runs([], ask)
    case ("POST", "dispatches"): return dispatch(ask)
    default: return Self.missing
    }
  }

  private func dispatch(_ ask: Ask) -> Answer {
    guard let body = ask.json?.object else { return Self.error(400, "Problems parsing JSON") }
    let old = version(ask) == "2022-11-28"
    let known: Set<String> = old ? ["ref", "inputs", "return_run_details"] : ["ref", "inputs"]
    if let odd = body.keys.sorted().first(where: { !known.contains($0) }) {
      return Self.error(422, "Invalid request.\n\n\"\(odd)\" is not a permitted key.")
    }
    guard let ref = body["ref"]?.string else {
      return Self.error(422, "Invalid request.\n\n\"ref\" wasn't supplied.")
    }
    let inputs = body["inputs"]?.object ?? [:]
    let odd = inputs.keys.filter { !GitHubBody.inputs.contains($0) }.sorted()
    guard odd.isEmpty, inputs.values.allSatisfy({ $0.string != nil }) else {
      return Self.error(422, "Unexpected inputs provided: \(odd)")
    }
    let name =
      ref.split(separator: "/").starts(with: ["refs", "heads"]) ? ref.dropFirst(11) : ref[...]
    let entry = ledger.start(
      ref: String(name), inputs: inputs.compactMapValues(\.string), order: ["dispatched": true])
    if old, body["return_run_details"]?.bool != true { return Answer(204) }
    let id = GitHubBody.id(of: entry)
    return Answer(json: [
      "workflow_run_id": .int(id), "run_url": .string("\(GitHubBody.api)/actions/runs/\(id)"),
      "html_url": .string("\(GitHubBody.site)/actions/runs/\(id)"),
    ])
  }

  /// `parts` follow `actions/runs`.
  private func runs(_ parts: [String], _ ask: Ask) -> Answer {
    if parts.isEmpty { return listRuns(ask) }
    guard let entry = ledger.newestFirst.first(where: { String(GitHubBody.id(of: $0)) == parts[0] })
    else { return Self.missing }
    var rest = Array(parts.dropFirst())
    if rest.starts(with: ["attempts", "1"]) { rest.removeFirst(2) }
    let shot = ledger.snapshot(entry)
    switch (ask.method, rest) {
    case ("GET", []): return Answer(json: GitHubBody.run(entry, shot, now()))
    case ("GET", ["jobs"]): return list(GitHubBody.jobs(entry, shot), "jobs", ask)
    case ("GET", ["pending_deployments"]):
      let waits = shot.phase == .waiting || shot.jobs.contains { $0.job.phase == .waiting }
      return Answer(json: waits ? [GitHubBody.pending] : [])
    case ("POST", ["pending_deployments"]):
      let isNo = ask.json?["state"]?.string == "rejected"
      let done = isNo ? ledger.refuse(entry.number) : ledger.approve(entry.number)
      return done ? Answer(json: []) : Self.error(422, "There are no pending deployments.")
    case ("POST", ["cancel"]):
      guard ledger.cancel(entry.number) else {
        return Self.error(409, "Cannot cancel a workflow run that is completed.")
      }
      return Answer(202, json: [:])
    default: return Self.missing
    }
  }

  private func listRuns(_ ask: Ask) -> Answer {
    let runs = ledger.newestFirst.map { GitHubBody.run($0, ledger.snapshot($0), now()) }
    let wanted = runs.filter { run in
      for (key, field) in [("branch", "head_branch"), ("event", "event"), ("head_sha", "head_sha")]
      {
        if let value = ask.query(key), run[field]?.string != value { return false }
      }
      if let word = ask.query("status"), run["status"]?.string != word,
        run["conclusion"]?.string != word
      {
        return false
      }
      if let created = ask.query("created"), created.hasPrefix(">=") {
        return (run["created_at"]?.string ?? "") >= created.dropFirst(2)
      }
      return true
    }
    return list(wanted, "workflow_runs", ask)
  }

  /// `parts` follow `actions/jobs`.
  private func jobs(_ parts: [String], _ ask: Ask) -> Answer {
    guard let id = parts.first, let job = job(id) else { return Self.missing }
    if parts.count == 1 { return Answer(json: job) }
    guard parts[1] == "logs", job["status"] == "completed" else { return Self.missing }
    let place = "http://\(ask.header("host") ?? "localhost")/_logs/\(id).txt?sig=c%2Bd%3D"
    return Answer(302, headers: [("Location", place)])
  }

  private func job(_ id: String) -> JSON? {
    for entry in ledger.newestFirst {
      let all = GitHubBody.jobs(entry, ledger.snapshot(entry))
      if let job = all.first(where: { $0["id"]?.int.map(String.init) == id }) { return job }
    }
    return nil
  }

  /// Stands for the store that signed addresses lead to, which refuses a second way to be known.
  private func storedLog(_ ask: Ask) -> Answer {
    guard ask.header("authorization") == nil else {
      return Answer(400, html: "InvalidAuthenticationInfo")
    }
    let id = ask.parts.last?.split(separator: ".").first.map(String.init) ?? ""
    guard ask.query("sig") == "c+d=" else { return Answer(403, html: "AuthenticationFailed") }
    for entry in ledger.newestFirst {
      guard let text = GitHubBody.log(of: id, entry, ledger.snapshot(entry)) else { continue }
      return Answer(200, headers: [("Content-Type", "text/plain")], body: Array(text.utf8))
    }
    return Answer(404, html: "BlobNotFound")
  }

  private func contents(_ path: [String], _ ask: Ask) -> Answer {
    guard path == [".github", "workflows", GitHubBody.file],
      ask.header("accept")?.contains("raw") == true
    else { return Self.missing }
    return Answer(
      200, headers: [("Content-Type", "application/vnd.github.raw+json; charset=utf-8")],
      body: Array(GitHubBody.source.utf8))
  }

  private func commit(_ name: String, _ rest: [String], _ ask: Ask) -> Answer {
    let entries = ledger.newestFirst.filter { $0.commit.hasPrefix(name) || $0.ref == name }
    switch (rest, entries.first) {
    case ([], let entry?): return Answer(json: ["sha": .string(entry.commit)])
    case ([], nil): return Self.error(422, "No commit found for SHA: \(name)")
    case (["check-suites"], _):
      let suites = entries.map { GitHubBody.checkSuite($0, ledger.snapshot($0), now()) }
      return list(suites, "check_suites", ask)
    default: return Self.missing
    }
  }

  /// One page, with the way to the next in `Link`.
  private func list(_ items: [JSON], _ key: String, _ ask: Ask) -> Answer {
    let size = min(max(Int(ask.query("per_page") ?? "") ?? 30, 1), 100)
    let page = max(Int(ask.query("page") ?? "") ?? 1, 1)
    let last = max(1, (items.count + size - 1) / size)
    let rest = ask.rawQuery.split(separator: "&").filter { !$0.hasPrefix("page=") }
    let path = ask.parts.dropFirst(ask.parts.first == "repos" ? 3 : 2).joined(separator: "/")
    let base =
      "http://\(ask.header("host") ?? "localhost")/repositories/\(GitHubBody.repositoryID)/\(path)?"
    let link = { (name: String, page: Int) in
      "<\(base)\((rest + ["page=\(page)"]).joined(separator: "&"))>; rel=\"\(name)\""
    }
    var links: [String] = []
    if page > 1 { links += [link("prev", page - 1), link("first", 1)] }
    if page < last { links += [link("next", page + 1), link("last", last)] }
    return Answer(
      json: [
        "total_count": .int(items.count),
        key: .array(Array(items.dropFirst((page - 1) * size).prefix(size))),
      ], headers: links.isEmpty ? [] : [("Link", links.joined(separator: ", "))])
  }
}
