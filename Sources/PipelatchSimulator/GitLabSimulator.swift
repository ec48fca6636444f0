import Crypto
public import FoundationEssentials
import Synchronization

/// GitLab's REST API v4 with one private project, whose deployment is a child pipeline.
/// https://docs.gitlab.com/api/pipelines/, https://docs.gitlab.com/api/jobs/, https://docs.gitlab.com/api/pipeline_triggers/
public final class GitLabSimulator: Simulator {
  public static let name = "gitlab"

  static let project = "demo/shop"
  static let projectNumber = 21
  static let token = "glpat-demo-0fbG35af"
  /// Has the scope `read_api` alone.
  static let readOnlyToken = "glpat-demo-0fbGread"
  static let jobToken = "glcbt-64_demo0fbG"
  static let triggerToken = "glptt-demo0fbG"
  private static let refs = ["main", "release"]
  private static let perMinute = 2000

  let ledger: Ledger
  let now: @Sendable () -> Date
  private let asked = Mutex((minute: 0, count: 0))

  public init(_ scenario: Scenario, speed: Double, now: @escaping @Sendable () -> Date) {
    ledger = Ledger(scenario, speed: speed, now: now)
    self.now = now
  }

  public var target: String { "gitlab:\(Self.project)" }
  public var environment: [String: String] { ["GITLAB_TOKEN": Self.token] }

  public func answer(_ ask: Ask) async -> Answer {
    var answer = route(ask)
    if ask.method == "GET", answer.status == 200 {
      let digest = SHA256.hash(data: answer.body).prefix(16)
        .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      let tag = "W/\"\(digest)\""
      if ask.header("If-None-Match") == tag { (answer.status, answer.body) = (304, []) }
      answer.headers.append(("ETag", tag))
    }
    answer.headers += limits()
    return answer
  }

  /// https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers
  private func limits() -> [Ask.Pair] {
    let minute = Int(now().timeIntervalSince1970) / 60
    let count = asked.withLock { asked in
      if asked.minute != minute { asked = (minute, 0) }
      asked.count += 1
      return asked.count
    }
    let reset = (minute + 1) * 60
    return [
      ("RateLimit-Name", "throttle_authenticated_api"), ("RateLimit-Limit", "\(Self.perMinute)"),
      ("RateLimit-Observed", "\(count)"),
      ("RateLimit-Remaining", "\(max(0, Self.perMinute - count))"), ("RateLimit-Reset", "\(reset)"),
      ("RateLimit-ResetTime", Date(timeIntervalSince1970: Double(reset)).inHTTP),
    ]
  }

  private func route(_ ask: Ask) -> Answer {
    guard ask.parts.starts(with: ["api", "v4", "projects"]), ask.parts.count > 3 else {
      return Self.error(404, "404 Not Found")
    }
    let rest = Array(ask.parts.dropFirst(4))
    let known = [Self.project, String(Self.projectNumber)].contains(ask.parts[3])
    if ask.method == "POST", rest == ["trigger", "pipeline"] { return trigger(ask, known) }
    if let refusal = refusal(ask, rest) { return refusal }
    guard known else { return Self.error(404, "404 Project Not Found") }
    switch (ask.method, rest.first, rest.count) {
    case ("GET", nil, _): return Answer(json: detail(ask))
    case ("GET", "pipelines", 1): return list(ask)
    case ("POST", "pipeline", 1): return create(ask)
    case (_, "pipelines", 2...): return pipeline(rest[1], Array(rest.dropFirst(2)), ask)
    case ("GET", "jobs", 3) where rest[2] == "trace": return trace(rest[1])
    case ("POST", "jobs", 3) where rest[2] == "play": return play(rest[1], ask)
    default: return Self.error(404, "404 Not Found")
    }
  }

  private func refusal(_ ask: Ask, _ rest: [String]) -> Answer? {
    let bearer = ask.header("Authorization").flatMap { text in
      text.hasPrefix("Bearer ") ? String(text.dropFirst("Bearer ".count)) : nil
    }
    if let job = ask.header("JOB-TOKEN") {
      if job != Self.jobToken { return Self.error(401, "401 Unauthorized") }
      // Where a job token is not taken, who shows one is nobody, and to nobody the project does not exist.
      let allowed = ask.method == "GET" && rest.first == "pipelines" && rest.last != "variables"
      return allowed ? nil : Self.error(404, "404 Project Not Found")
    }
    switch ask.header("PRIVATE-TOKEN") ?? bearer {
    case nil: return Self.error(404, "404 Project Not Found")
    case Self.token: return nil
    case Self.readOnlyToken where ask.method == "GET": return nil
    case Self.readOnlyToken:
      return Answer(
        403,
        json: [
          "error": "insufficient_scope",
          "error_description":
            "The request requires higher privileges than provided by the access token.",
          "scope": "api",
        ])
    default: return Self.error(401, "401 Unauthorized")
    }
  }

  /// `rest` is what follows the pipeline's id.
  private func pipeline(_ text: String, _ rest: [String], _ ask: Ask) -> Answer {
    guard let id = Int(text), let place = place(of: id) else {
      return Self.error(404, "404 Not found")
    }
    switch (ask.method, rest) {
    case ("GET", []): return Answer(json: .object(full(place, ask)))
    case ("GET", ["jobs"]): return page(jobs(of: place, ask), ask)
    case ("GET", ["bridges"]), ("GET", ["trigger_jobs"]): return page(bridges(of: place, ask), ask)
    case ("GET", ["variables"]):
      let pairs = place.isChild ? [] : place.entry.inputs.sorted { $0.key < $1.key }
      return Answer(
        json: .array(
          pairs.map { key, value in
            [
              "key": .string(key), "value": .string(value), "variable_type": "env_var",
              "raw": false,
            ]
          }))
    case ("POST", ["cancel"]):
      // 200 whatever the state.
      _ = ledger.cancel(place.entry.number)
      return self.place(of: id).map { Answer(json: .object(full($0, ask))) }
        ?? Self.error(404, "404 Not found")
    default: return Self.error(404, "404 Not Found")
    }
  }

  private func list(_ ask: Ask) -> Answer {
    let places = ledger.newestFirst.map { Place($0, ledger.snapshot($0)) }.filter { place in
      [
        ("ref", place.entry.ref), ("sha", place.entry.commit), ("source", place.source),
        ("status", place.word),
      ].allSatisfy { name, value in
        ask.query(name).map { $0 == value } ?? true
      }
    }
    let ascending = ask.query("sort") == "asc"
    return page((ascending ? places.reversed() : places).map { .object(basic($0, ask)) }, ask)
  }

  /// https://docs.gitlab.com/api/rest/#offset-based-pagination
  private func page(_ items: [JSON], _ ask: Ask) -> Answer {
    let number = max(1, Int(ask.query("page") ?? "1") ?? 1)
    let size = min(100, max(1, Int(ask.query("per_page") ?? "20") ?? 20))
    let last = max(1, (items.count + size - 1) / size)
    let link = { (page: Int, rel: String) in
      let kept = ask.rawQuery.split(separator: "&").filter { !$0.hasPrefix("page=") }
      let query = (kept.map(String.init) + ["page=\(page)"]).joined(separator: "&")
      return "<\(Self.root(ask))\(ask.path)?\(query)>; rel=\"\(rel)\""
    }
    var links = number < last ? [link(number + 1, "next")] : []
    links += [link(1, "first"), link(last, "last")]
    return Answer(
      json: .array(Array(items.dropFirst((number - 1) * size).prefix(size))),
      headers: [
        ("Link", links.joined(separator: ", ")), ("X-Page", "\(number)"), ("X-Per-Page", "\(size)"),
        ("X-Next-Page", number < last ? "\(number + 1)" : ""),
        ("X-Prev-Page", number > 1 ? "\(number - 1)" : ""), ("X-Total", "\(items.count)"),
        ("X-Total-Pages", "\(last)"),
      ])
  }

  private func create(_ ask: Ask) -> Answer {
    guard let body = ask.json?.object, let ref = body["ref"]?.string else {
      return Answer(400, json: ["error": "ref is missing"])
    }
    var variables: [String: String] = [:]
    for item in body["variables"]?.array ?? [] {
      guard let key = item["key"]?.string, let value = item["value"]?.string else {
        return Answer(400, json: ["error": "variables[0][value] is invalid"])
      }
      variables[key] = value
    }
    return start(ref, variables, source: "api", ask)
  }

  /// A token that is not good for the project is no news about the project: 404.
  private func trigger(_ ask: Ask, _ known: Bool) -> Answer {
    let form = ask.form + ask.query
    let first = { (name: String) in form.first { $0.name == name }?.value }
    guard let ref = first("ref") else { return Answer(400, json: ["error": "ref is missing"]) }
    guard let token = first("token") else {
      return Answer(400, json: ["error": "token is missing"])
    }
    let sources = [Self.triggerToken: "trigger", Self.jobToken: "pipeline"]
    guard known, let source = sources[token] else { return Self.error(404, "404 Not Found") }
    var variables: [String: String] = [:]
    for (name, value) in form where name.hasPrefix("variables[") && name.hasSuffix("]") {
      variables[String(name.dropFirst("variables[".count).dropLast())] = value
    }
    return start(ref, variables, source: source, ask)
  }

  private func start(
    _ ref: String, _ variables: [String: String], source: String, _ ask: Ask
  ) -> Answer {
    guard Self.refs.contains(ref) else {
      return Answer(400, json: ["message": ["base": ["Reference not found"]]])
    }
    let entry = ledger.start(ref: ref, inputs: variables, order: ["source": .string(source)])
    return Answer(201, json: .object(full(Place(entry, ledger.snapshot(entry)), ask)))
  }

  private func trace(_ text: String) -> Answer {
    guard let id = Int(text), let (place, index) = job(id) else {
      return Self.error(404, "404 Not Found")
    }
    var answer = Answer(200, headers: [("Content-Type", "text/plain")])
    answer.body = Array(Self.trace(of: place.own[index].job, begun: place.entry.createdAt).utf8)
    return answer
  }

  private func play(_ text: String, _ ask: Ask) -> Answer {
    guard let id = Int(text), let (place, index) = job(id) else {
      return Self.error(404, "404 Not Found")
    }
    let job = place.own[index].job
    guard job.phase == .waiting, ledger.approve(place.entry.number) else {
      return Answer(400, json: ["message": "400 Bad request - Unplayable Job"])
    }
    let after = Place(place.entry, ledger.snapshot(ledger[place.entry.number] ?? place.entry))
    return Answer(json: jobs(of: after, ask).first { $0["id"]?.int == id } ?? .null)
  }

  /// What the client calls this server.
  static func root(_ ask: Ask) -> String { "http://\(ask.header("Host") ?? "127.0.0.1")" }

  private static func error(_ status: Int, _ message: String) -> Answer {
    Answer(status, json: ["message": .string(message)])
  }
}
