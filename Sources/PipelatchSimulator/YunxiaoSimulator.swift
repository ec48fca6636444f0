public import FoundationEssentials

/// Flow's API for personal access tokens, with one pipeline, under the prefixes of both editions.
/// https://help.aliyun.com/zh/yunxiao/developer-reference/pipeline-running-instance
///
/// Where the documents are silent it is stricter than the vendor may be, so that a client cannot lean on luck.
public struct YunxiaoSimulator: Simulator {
  public static let name = "yunxiao"
  public static let tellsTimeouts = false

  static let organization = "demo-org"
  static let pipeline = 1001
  static let repository = "https://codeup.aliyun.com/demo-org/shop.git"
  static let token = "pt-demo-0fbG_35af"
  /// May read, and nothing else.
  static let readOnlyToken = "pt-demo-0fbG_read"
  private static let largestPage = 30

  private let ledger: Ledger
  private let now: @Sendable () -> Date

  public init(_ scenario: Scenario, speed: Double, now: @escaping @Sendable () -> Date) {
    ledger = Ledger(scenario, speed: speed, ref: "master", now: now)
    self.now = now
  }

  public var target: String { "yunxiao:\(Self.organization)/\(Self.pipeline)" }
  public var environment: [String: String] { ["YUNXIAO_ACCESS_TOKEN": Self.token] }

  public func answer(_ ask: Ask) async -> Answer {
    var answer = route(ask)
    answer.headers.append(("x-request-id", Self.requestID))
    return answer
  }

  private func route(_ ask: Ask) -> Answer {
    guard ask.parts.starts(with: ["oapi", "v1"]), ask.parts.count > 2 else {
      return Answer(404, html: "<html><body>Not Found</body></html>")
    }
    if let refusal = refusal(ask) { return refusal }
    switch (ask.method, Array(ask.parts.dropFirst(2))) {
    case ("GET", ["platform", "user"]):
      return Answer(json: [
        "id": "1222222222", "name": "demo", "lastOrganization": .string(Self.organization),
      ])
    case ("GET", ["platform", "organizations"]):
      return Answer(json: [["id": .string(Self.organization), "name": "Demo"]])
    case (_, let parts) where parts.starts(with: ["flow", "pipelines"]):
      return inside(Array(parts.dropFirst(2)), ask)
    case (_, let parts)
    where parts.starts(with: ["flow", "organizations"]) && parts.dropFirst(3).first == "pipelines":
      guard parts[2] == Self.organization else {
        return Self.error(403, "Forbidden.InvalidUser.UserNotInCurrentOrganization")
      }
      return inside(Array(parts.dropFirst(4)), ask)
    default: return Self.missing
    }
  }

  private func refusal(_ ask: Ask) -> Answer? {
    switch ask.header("x-yunxiao-token") {
    case nil: Self.error(401, "Unauthorized", "Access token is missing")
    case Self.token: nil
    case Self.readOnlyToken: ask.method == "GET" ? nil : Self.error(403, "Forbidden", "Forbidden")
    default: Self.error(401, "InvalidTokenError", "Access token is invalid")
    }
  }

  /// `parts` begin with the pipeline's id.
  private func inside(_ parts: [String], _ ask: Ask) -> Answer {
    guard parts.first == String(Self.pipeline) else { return Self.missing }
    let rest = Array(parts.dropFirst())
    switch (ask.method, rest.first, rest.count) {
    case ("GET", nil, _): return Answer(json: Self.detail)
    case ("POST", "runs", 1): return start(ask)
    case ("GET", "runs", 1): return list(ask)
    case ("GET", "runs", 2) where rest[1] == "latestPipelineRun":
      return ledger.newestFirst.first.map { Answer(json: run($0)) } ?? Self.missing
    default: break
    }
    guard rest.count >= 2, let number = Int(rest[1]), let entry = ledger[number] else {
      return Self.missing
    }
    switch (ask.method, rest[0], Array(rest.dropFirst(2))) {
    case ("GET", "runs", []): return Answer(json: run(entry))
    case ("PUT", "runs", []): return Answer(json: .bool(ledger.cancel(number)))
    case ("GET", "runs", let tail) where tail.count == 3 && tail[0] == "job" && tail[2] == "log":
      return log(of: tail[1], entry)
    case ("POST", "pipelineRuns", let tail) where tail.count == 3 && tail[0] == "jobs":
      return decide(tail[2], job: tail[1], entry)
    default: return Self.missing
    }
  }
}

extension YunxiaoSimulator {
  private func start(_ ask: Ask) -> Answer {
    var order: JSON = [:]
    if !ask.body.isEmpty {
      guard let body = ask.json?.object else { return Self.error(400, "BadRequest") }
      switch body["params"] {
      case nil: break
      case .string(let text):
        guard let params = JSON(text: text), params.object != nil else { fallthrough }
        order = params
      // Reports differ on whether a nested object is refused or ignored, which builds the default branch.
      default: return Self.error(400, "BadRequest", "params is no JSON text")
      }
    }
    let envs = order["envs"]?.object ?? [:]
    guard envs["version"] == nil, envs.values.allSatisfy({ $0.string != nil }) else {
      return Self.error(400, "BadRequest", "envs has a reserved name or a value that is no text")
    }
    // A repository spelled otherwise than in the pipeline is passed over in silence, as by the vendor.
    let ref = (order["runningBranchs"] ?? order["runningTags"])?[Self.repository]?.string
    let entry = ledger.start(
      ref: ref ?? "master", inputs: envs.compactMapValues(\.string), order: order)
    return Answer(json: .int(entry.number))
  }

  private func list(_ ask: Ask) -> Answer {
    let page = Int(ask.query("page") ?? "1") ?? 0
    let size = Int(ask.query("perPage") ?? "10") ?? 0
    guard page >= 1, (1...Self.largestPage).contains(size) else {
      return Self.error(400, "BadRequest", "page or perPage is out of range")
    }
    let from = Int(ask.query("startTime") ?? "") ?? .min
    // The vendor's spelling.
    let to = Int(ask.query("endTme") ?? "") ?? .max
    let items = ledger.newestFirst.compactMap { entry -> JSON? in
      let shot = ledger.snapshot(entry)
      let word = Self.word(shot.phase)
      guard ask.query("status").map({ $0 == word }) ?? true,
        (from...to).contains(entry.createdAt.milliseconds)
      else { return nil }
      return [
        "pipelineId": .int(Self.pipeline), "pipelineRunId": .int(entry.number),
        "status": .string(word), "triggerMode": .int(Self.triggerMode(entry)),
        "creatorAccountId": "1222222222", "startTime": .int(entry.createdAt.milliseconds),
        "endTime": moment(shot.end, of: entry),
      ]
    }
    let pages = max(1, (items.count + size - 1) / size)
    let header = { (name: String, value: Int) in (name: name, value: String(value)) }
    return Answer(
      json: .array(Array(items.dropFirst((page - 1) * size).prefix(size))),
      headers: [
        header("x-page", page), header("x-per-page", size), header("x-total", items.count),
        header("x-total-pages", pages), header("x-next-page", page + 1),
        header("x-prev-page", max(0, page - 1)),
      ])
  }

  private func log(of job: String, _ entry: Ledger.Entry) -> Answer {
    let jobs = ledger.snapshot(entry).jobs
    guard let index = jobs.indices.first(where: { String(Self.job($0, entry)) == job }) else {
      return Self.missing
    }
    let log = jobs[index].job.log
    let text = log.map { $0 + "\n" }.joined()
    return Answer(json: [
      "content": .string(text), "last": .int(log.count),
      "more": .bool(!jobs[index].job.phase.ended),
    ])
  }

  private func decide(_ verb: String, job: String, _ entry: Ledger.Entry) -> Answer {
    let jobs = ledger.snapshot(entry).jobs
    guard let index = jobs.indices.first(where: { String(Self.job($0, entry)) == job }) else {
      return Self.missing
    }
    let waits = jobs[index].job.phase == .waiting
    switch verb {
    case "pass": return Answer(json: .bool(waits && ledger.approve(entry.number)))
    case "refuse": return Answer(json: .bool(waits && ledger.refuse(entry.number)))
    default: return Self.missing
    }
  }
}

extension YunxiaoSimulator {
  /// Flow has no word for a time limit that was reached: such a job, and its run, FAIL. What has not begun is WAITING,
  /// and stays so when an earlier stage fails. A run that waits for a person is RUNNING; its job's actions tell.
  private static func word(_ phase: Phase) -> String {
    switch phase {
    case .queued, .skipped: "WAITING"
    case .running, .waiting: "RUNNING"
    case .succeeded: "SUCCESS"
    case .failed, .timedOut: "FAIL"
    case .canceled: "CANCELED"
    }
  }

  private func run(_ entry: Ledger.Entry) -> JSON {
    let shot = ledger.snapshot(entry)
    var first = 0
    let stages = shot.stages.enumerated().map { position, stage in
      defer { first += stage.jobs.count }
      return self.stage(stage, position, jobsFrom: first, of: entry)
    }
    return [
      "pipelineId": .int(Self.pipeline), "pipelineRunId": .int(entry.number),
      "pipelineType": "default", "status": .string(Self.word(shot.phase)),
      "triggerMode": .int(Self.triggerMode(entry)),
      "createTime": .int(entry.createdAt.milliseconds),
      "updateTime": .int(min(now(), entry.moment(shot.end ?? .infinity)).milliseconds),
      "creatorAccountId": "1222222222", "modifierAccountId": "",
      "globalParams": .array(
        entry.inputs.sorted { $0.key < $1.key }.map { key, value in
          ["key": .string(key), "value": .string(value), "encrypted": false, "masked": false]
        }),
      "groups": [["id": 0, "name": "default"]],
      "sources": [Self.source(branch: entry.ref, commit: entry.commit)],
      "stageGroup": .array(shot.stages.map { [.string($0.name)] }),
      "stages": .array(stages),
    ]
  }

  private func stage(
    _ stage: Snapshot.Stage, _ position: Int, jobsFrom first: Int, of entry: Ledger.Entry
  ) -> JSON {
    [
      "index": "Group\(position)-Stage0", "name": .string(stage.name),
      "stageInfo": [
        "name": .string(stage.name), "status": .string(Self.word(stage.phase)),
        "startTime": moment(stage.begin, of: entry), "endTime": moment(stage.end, of: entry),
        "jobs": .array(
          stage.jobs.enumerated().map { position, job in self.job(job, first + position, of: entry)
          }),
      ],
    ]
  }

  private func job(_ job: Snapshot.Job, _ position: Int, of entry: Ledger.Entry) -> JSON {
    let params: JSON = [
      "BUILD_NUMBER": .string(String(entry.number)),
      "FLOW_INST_RUNNING_COMMENT": entry.order["comment"] ?? "",
    ]
    return [
      "id": .int(Self.job(position, entry)), "jobSign": "job-\(position)",
      "name": .string(job.name),
      "status": .string(job.phase == .waiting ? "WAITING" : Self.word(job.phase)),
      "startTime": moment(job.begin, of: entry), "endTime": moment(job.end, of: entry),
      "params": .string(params.text), "result": #"{"data":{},"successful":true}"#,
      "actions": .array(Self.actions(job)),
    ]
  }

  /// https://help.aliyun.com/document_detail/2360596.html
  private static func actions(_ job: Snapshot.Job) -> [JSON] {
    let types: [(String, JSON)] =
      switch job.phase {
      case .waiting:
        [
          ("PassPipelineValidate", ["validators": ["1222222222"]]),
          ("RefusePipelineValidator", ["validators": ["1222222222"]]),
        ]
      case .queued, .skipped: []
      default: job.gate ? [] : [("LogPipelineJobRun", [:])]
      }
    return types.enumerated().map { order, action in
      [
        "type": .string(action.0), "params": action.1, "disable": false, "data": "",
        "displayType": "", "name": .string(action.0), "title": .string(action.0),
        "order": .int(order + 1),
      ]
    }
  }

  private static let detail: JSON = [
    "id": .int(pipeline), "name": "shop",
    "pipelineConfig": ["flow": "", "settings": "", "sources": [source(branch: "master")]],
  ]

  private static func source(branch: String, commit: String? = nil) -> JSON {
    var data: [String: JSON] = [
      "repo": .string(repository), "branch": .string(branch), "isBranchMode": false,
      "isTrigger": true, "cloneDepth": 1, "label": "demo-org/shop",
    ]
    if let commit { data["commit"] = .string(commit) }
    return ["name": "shop", "sign": "shop_1", "type": "codeup", "data": .object(data)]
  }

  private func moment(_ offset: Double?, of entry: Ledger.Entry) -> JSON {
    JSON(offset.map { entry.moment($0).milliseconds })
  }

  private static func job(_ position: Int, _ entry: Ledger.Entry) -> Int {
    300_460_000 + entry.number * 100 + position
  }

  /// 4 is seen for runs that this API started, though no page lists it; 1 is by hand.
  private static func triggerMode(_ entry: Ledger.Entry) -> Int { entry.order == .null ? 1 : 4 }

  private static let requestID = "6548f837-ee3f-4727-b2b9-f614dd1093f7"

  private static let missing = error(404, "NotFound", "Not Found")

  /// https://www.alibabacloud.com/help/en/yunxiao/developer-reference/error-code-center
  private static func error(_ status: Int, _ code: String, _ message: String? = nil) -> Answer {
    Answer(
      status,
      json: [
        "errorCode": .string(code), "errorMessage": .string(message ?? code),
        "requestId": .string(requestID),
      ])
  }
}
