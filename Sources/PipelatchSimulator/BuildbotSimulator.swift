public import FoundationEssentials

/// A Buildbot master with one builder, one force scheduler and a login, as version 4.3 answers.
/// https://docs.buildbot.net/latest/developer/rest.html
///
/// Requests, builds, build numbers and steps have ids of their own, so that a client cannot take one for another.
/// There is no event stream: a client must do without.
public struct BuildbotSimulator: Simulator {
  public static let name = "buildbot"
  public static let tellsTimeouts = false

  static let builder = "shop"
  static let builderID = 3
  static let scheduler = "release"
  static let user = "demo"
  static let password = "demo:4Wq"
  private static let cookie = "TWISTED_SESSION=eyJ1c2VyIjoiZGVtbyJ9"
  private static let nobody = "TWISTED_SESSION=eyJ1c2VyIjpudWxsfQ"

  private let ledger: Ledger

  public init(_ scenario: Scenario, speed: Double, now: @escaping @Sendable () -> Date) {
    ledger = Ledger(scenario, speed: speed, now: now)
  }

  public var target: String { "buildbot:\(Self.builder)" }
  public var environment: [String: String] {
    ["BUILDBOT_USER": Self.user, "BUILDBOT_PASSWORD": Self.password]
  }

  public func answer(_ ask: Ask) async -> Answer {
    if ask.parts == ["auth", "login"] { return Self.login(ask) }
    guard ask.parts.starts(with: ["api", "v2"]) else {
      return Answer(404, html: "<html><body><h1>No Such Resource</h1></body></html>")
    }
    let parts = Array(ask.parts.dropFirst(2))
    switch ask.method {
    case "GET": return read(parts, ask) ?? Self.missing
    case "POST": return call(parts, ask)
    default: return Answer(405, html: "<html><body><h1>Method Not Allowed</h1></body></html>")
    }
  }

  /// The first cookie is the one that every visitor gets.
  private static func login(_ ask: Ask) -> Answer {
    let pair = Data("\(user):\(password)".utf8).base64EncodedString()
    guard ask.header("authorization") == "Basic \(pair)" else {
      return Answer(
        401, headers: [("WWW-Authenticate", "basic realm=\"buildbot\"")],
        body: Array("Unauthorized".utf8))
    }
    return Answer(
      302,
      headers: [
        ("Location", "http://ci.example.org/#/"), ("Set-Cookie", "\(nobody); Path=/"),
        ("Set-Cookie", "\(cookie); Path=/"),
      ])
  }
}

extension BuildbotSimulator {
  private func read(_ parts: [String], _ ask: Ask) -> Answer? {
    let id = parts.count > 1 ? Int(parts[1]) : nil
    let isBuilder = id == Self.builderID || parts.dropFirst().first == Self.builder
    switch (parts.first, parts.count, parts.last) {
    case ("builders", 1, _):
      let wanted = ask.query("name").map { $0 == Self.builder } ?? true
      return list("builders", wanted ? [Self.builderModel] : [])
    case ("builders", 2, _): return isBuilder ? list("builders", [Self.builderModel]) : nil
    case ("builders", 3, "forceschedulers"):
      return list("forceschedulers", isBuilder ? [Self.form] : [])
    case ("builders", 3, "buildrequests"):
      return list("buildrequests", isBuilder ? page(ledger.newestFirst, ask, request) : [])
    case ("builders", 3, "builds"):
      let complete = ask.query("complete") == "true"
      let entries = built.filter { !complete || ledger.snapshot($0).phase.ended }
      return list("builds", isBuilder ? page(entries, ask, build) : [])
    case ("builders", 4, let number?) where parts[2] == "builds" && isBuilder:
      return one("builds", built.first { String($0.number) == number }) { build($0, ask) }
    case ("buildrequests", 1, _):
      let set = ask.query("buildsetid").flatMap { Int($0) }
      let entries = ledger.newestFirst.filter { set == nil || Self.set($0) == set }
      return list("buildrequests", page(entries, ask, request))
    case ("buildrequests", 2, _):
      return one("buildrequests", ledger.newestFirst.first { Self.request($0) == id }) {
        request($0, ask)
      }
    case ("buildsets", 1, _):
      let text = ask.query("reason__contains") ?? ""
      let entries = ledger.newestFirst.filter { Self.reason($0).contains(text) }
      return list("buildsets", page(entries, ask) { entry, _ in Self.buildset(entry) })
    case ("buildsets", 2, _):
      return one("buildsets", ledger.newestFirst.first { Self.set($0) == id }, Self.buildset)
    case ("builds", 1, _):
      let wanted = ask.query("buildrequestid").flatMap { Int($0) }
      let entries = built.filter { wanted == nil || Self.request($0) == wanted }
      return list("builds", page(entries, ask, build))
    case ("builds", 3, "steps"):
      guard let entry = built.first(where: { Self.build($0) == id }) else {
        return list("steps", [])
      }
      return list("steps", steps(entry).map(\.model))
    case ("steps", 3, "logs"): return list("logs", step(id).map { [Self.log($0)] } ?? [])
    case ("logs", 3, "contents"): return step(id).map { Self.contents($0, ask) }
    default: return nil
    }
  }

  /// Entries that have come to a build.
  private var built: [Ledger.Entry] {
    ledger.newestFirst.filter { ledger.snapshot($0).begin != nil }
  }

  private func page(
    _ entries: [Ledger.Entry], _ ask: Ask, _ model: (Ledger.Entry, Ask) -> JSON
  ) -> [JSON] {
    // Lists come oldest first unless an order with a minus is asked for.
    let ordered = ask.query("order")?.hasPrefix("-") == true ? entries : entries.reversed()
    return ordered.prefix(ask.query("limit").flatMap { Int($0) } ?? .max).map { model($0, ask) }
  }

  private func list(_ name: String, _ items: [JSON]) -> Answer {
    Answer(json: [name: .array(items), "meta": ["total": .int(items.count)]])
  }

  private func one(
    _ name: String, _ entry: Ledger.Entry?, _ model: (Ledger.Entry) -> JSON
  ) -> Answer? {
    entry.map { Answer(json: [name: [model($0)], "meta": [:]]) }
  }

  private static let missing = Answer(
    404, json: ["error": "not found while getting from endpoint"])
}

extension BuildbotSimulator {
  private func call(_ parts: [String], _ ask: Ask) -> Answer {
    guard ask.header("content-type")?.hasPrefix("application/json") == true, let body = ask.json,
      body["jsonrpc"] == "2.0", let method = body["method"]?.string, let id = body["id"],
      let parameters = body["params"]?.object
    else { return Self.refusal(400, -32600, "invalid request") }
    // A password is heard at the login page only.
    guard ask.header("cookie")?.contains(Self.cookie) == true else {
      return Self.refusal(403, -32600, "you need to have role 'admins'")
    }
    switch (parts.first, parts.count, method) {
    case ("forceschedulers", 2, "force"):
      guard parts[1] == Self.scheduler else {
        return Self.refusal(
          500, -32603, #"AttributeError("'NoneType' object has no attribute 'force'")"#)
      }
      return force(parameters, id)
    case ("buildrequests", 2, "cancel"):
      // A request that is not there is no error.
      if let entry = ledger.newestFirst.first(where: { String(Self.request($0)) == parts[1] }) {
        _ = ledger.cancel(entry.number)
      }
      return Answer(json: ["id": id, "jsonrpc": "2.0", "result": nil])
    default: return Self.refusal(501, -32601, "invalid control action")
    }
  }

  private func force(_ parameters: [String: JSON], _ id: JSON) -> Answer {
    guard parameters["builderid"]?.int == Self.builderID else {
      return Self.refusal(500, -32603, #"TypeError("'NoneType' object is not subscriptable")"#)
    }
    // What the form does not ask for is passed over in silence.
    let reason = parameters["reason"]?.string ?? "force build"
    let version = parameters["VERSION"]?.string ?? ""
    let entry = ledger.start(
      ref: parameters["branch"]?.string ?? "main",
      inputs: version.isEmpty ? [:] : ["VERSION": version], order: ["reason": .string(reason)])
    return Answer(json: [
      "id": id, "jsonrpc": "2.0",
      "result": [
        .int(Self.set(entry)), .object([String(Self.builderID): .int(Self.request(entry))]),
      ],
    ])
  }

  private static func refusal(_ status: Int, _ code: Int, _ message: String) -> Answer {
    Answer(
      status,
      json: [
        "jsonrpc": "2.0", "id": nil, "error": ["code": .int(code), "message": .string(message)],
      ])
  }

  private static let form: JSON = [
    "name": .string(scheduler), "label": "release", "button_name": "release", "enabled": true,
    "builder_names": [.string(builder)],
    "all_fields": [
      nest([field("username", "username"), field("reason", "text"), field("priority", "int")]),
      nest(["branch", "project", "repository", "revision"].map { field($0, "text") }),
      field("VERSION", "text"),
    ],
  ]

  private static func nest(_ fields: [JSON]) -> JSON {
    ["name": "", "fullName": nil, "type": "nested", "default": "", "fields": .array(fields)]
  }

  private static func field(_ name: String, _ type: String) -> JSON {
    [
      "name": .string(name), "fullName": .string(name), "type": .string(type), "default": "",
      "hide": false, "multiple": false, "required": false, "regex": nil,
    ]
  }
}

extension BuildbotSimulator {
  private static func request(_ entry: Ledger.Entry) -> Int { 100 + entry.number }
  private static func set(_ entry: Ledger.Entry) -> Int { 200 + entry.number }
  private static func build(_ entry: Ledger.Entry) -> Int { 300 + entry.number }

  private static let builderModel: JSON = [
    "builderid": .int(builderID), "name": .string(builder), "masterids": [1], "tags": [],
    "description": nil,
  ]

  /// https://docs.buildbot.net/latest/developer/results.html
  private static func results(_ phase: Phase) -> Int? {
    switch phase {
    case .queued, .running, .waiting: nil
    case .succeeded: 0
    // A step that ran out of its time is a failed one.
    case .failed, .timedOut: 2
    case .skipped: 3
    case .canceled: 6
    }
  }

  private static func reason(_ entry: Ledger.Entry) -> String {
    "A build was forced by 'demo': \(entry.order["reason"]?.string ?? "")"
  }

  private func request(_ entry: Ledger.Entry, _ ask: Ask) -> JSON {
    let shot = ledger.snapshot(entry)
    let claimed = shot.begin.map { entry.moment($0).seconds }
    let reason = entry.order["reason"].map { ["reason": [$0, "Force Build Form"] as JSON] } ?? [:]
    return [
      "buildrequestid": .int(Self.request(entry)), "buildsetid": .int(Self.set(entry)),
      "builderid": .int(Self.builderID), "priority": 0, "waited_for": false,
      "claimed": .bool(claimed != nil || shot.phase.ended), "claimed_at": JSON(claimed),
      "claimed_by_masterid": JSON(claimed == nil ? nil : 1), "complete": .bool(shot.phase.ended),
      "complete_at": JSON(end(of: entry, shot)), "results": .int(Self.results(shot.phase) ?? -1),
      "submitted_at": .int(entry.createdAt.seconds),
      "properties": chosen(reason, ask) ?? nil,
    ]
  }

  private static func buildset(_ entry: Ledger.Entry) -> JSON {
    [
      "bsid": .int(set(entry)), "reason": .string(reason(entry)),
      "submitted_at": .int(entry.createdAt.seconds),
      "sourcestamps": [
        [
          "ssid": .int(entry.number), "branch": .string(entry.ref), "revision": "", "codebase": "",
          "project": "", "repository": "",
        ]
      ],
    ]
  }

  private func build(_ entry: Ledger.Entry, _ ask: Ask) -> JSON {
    let shot = ledger.snapshot(entry)
    let properties: [String: JSON] = [
      "branch": [.string(entry.ref), "Build"], "revision": ["", "Build"],
      "got_revision": [.string(entry.commit), "Git"],
    ]
    return [
      "buildid": .int(Self.build(entry)), "number": .int(entry.number),
      "builderid": .int(Self.builderID), "buildrequestid": .int(Self.request(entry)),
      "masterid": 1, "workerid": 1, "locks_duration_s": 0, "complete": .bool(shot.phase.ended),
      "started_at": JSON(shot.begin.map { entry.moment($0).seconds }),
      "complete_at": JSON(end(of: entry, shot)), "results": JSON(Self.results(shot.phase)),
      "state_string": .string(shot.phase.ended ? "finished" : "building"),
      "properties": chosen(properties, ask) ?? [:],
    ]
  }

  /// Nil where no properties are asked for.
  private func chosen(_ properties: [String: JSON], _ ask: Ask) -> JSON? {
    let names = Set(ask.query.filter { $0.name == "property" }.map(\.value))
    if names.isEmpty { return nil }
    return .object(properties.filter { names.contains($0.key) || names.contains("*") })
  }

  private func end(of entry: Ledger.Entry, _ shot: Snapshot) -> Int? {
    shot.phase.ended ? entry.moment(shot.end ?? 0).seconds : nil
  }
}

extension BuildbotSimulator {
  private struct Step {
    var model: JSON
    var id: Int
    var lines: [String]
  }

  /// Steps that were not reached are not there.
  private func steps(_ entry: Ledger.Entry) -> [Step] {
    let jobs = ledger.snapshot(entry).jobs.map(\.job).filter { $0.begin != nil }
    return jobs.enumerated().map { position, job in
      let id = entry.number * 1000 + position
      let model: JSON = [
        "stepid": .int(id), "buildid": .int(Self.build(entry)), "number": .int(position),
        "name": .string(job.name), "hidden": false, "urls": [],
        "complete": .bool(job.phase.ended), "results": JSON(Self.results(job.phase)),
        "state_string": .string(job.phase == .timedOut ? "failed, timed out" : "running"),
        "started_at": JSON(job.begin.map { entry.moment($0).seconds }),
        "complete_at": JSON(job.end.map { entry.moment($0).seconds }),
      ]
      // The head of a log shows the worker's whole environment.
      let head = ["h/bin/sh -c ...", "h environment:", "h  DEPLOY_PASSWORD=not-to-be-shown"]
      let tail = job.phase.ended ? ["hprogram finished with exit code 1", "helapsedTime=2.2"] : []
      return Step(model: model, id: id, lines: head + job.log.map { "o" + $0 } + tail)
    }
  }

  private func step(_ id: Int?) -> Step? {
    guard let id, let entry = ledger[id / 1000] else { return nil }
    return steps(entry).first { $0.id == id }
  }

  private static func log(_ step: Step) -> JSON {
    [
      "logid": .int(step.id), "stepid": .int(step.id), "name": "stdio", "slug": "stdio",
      "type": "s", "num_lines": .int(step.lines.count), "complete": true,
    ]
  }

  private static func contents(_ step: Step, _ ask: Ask) -> Answer {
    let offset = max(0, ask.query("offset").flatMap { Int($0) } ?? 0)
    let limit = max(0, ask.query("limit").flatMap { Int($0) } ?? .max)
    let text = step.lines.dropFirst(offset).prefix(limit).map { $0 + "\n" }.joined()
    return Answer(json: [
      "logchunks": [
        ["content": .string(text), "firstline": .int(offset), "logid": .int(step.id)]
      ], "meta": [:],
    ])
  }
}

extension Date {
  fileprivate var seconds: Int { Int(timeIntervalSince1970) }
}
