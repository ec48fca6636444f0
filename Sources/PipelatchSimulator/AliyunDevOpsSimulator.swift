public import FoundationEssentials

/// Flow's classic API of 2021-06-25, with one pipeline.
/// https://help.aliyun.com/document_detail/460556.html
public struct AliyunDevOpsSimulator: Simulator {
  public static let name = "aliyun-devops"
  public static let tellsTimeouts = false

  static let organization = "5ebbc0228123212b59demo1"
  static let pipeline = 2001
  static let repository = "https://codeup.aliyun.com/5ebbc0228123212b59demo1/shop.git"
  private static let largestPage = 30

  private let ledger: Ledger
  private let gate: ACS3Gate
  private let now: @Sendable () -> Date

  public init(_ scenario: Scenario, speed: Double, now: @escaping @Sendable () -> Date) {
    ledger = Ledger(scenario, speed: speed, ref: "master", now: now)
    gate = ACS3Gate(version: "2021-06-25", now: now)
    self.now = now
  }

  public var target: String { "aliyun-devops:\(Self.organization)/\(Self.pipeline)" }
  public var environment: [String: String] { ACS3Gate.environment }

  public func answer(_ ask: Ask) async -> Answer { gate.refusal(ask) ?? route(ask) }

  private func route(_ ask: Ask) -> Answer {
    let parts = ask.parts
    guard parts.count >= 4, ["organization", "organizations"].contains(parts[0]) else {
      return Self.unknown
    }
    guard parts[1] == Self.organization else {
      return Self.error(404, "InvalidOrganization.NotFound", "The organization is not found.")
    }
    guard parts[3] == String(Self.pipeline) else {
      return Self.error(404, "InvalidPipeline.NotFound", "The pipeline is not found.")
    }
    let action = ask.header("x-acs-action") ?? ""
    // Plural only where a run is started, singular all the way only where a log is read.
    switch (ask.method, parts[0], parts[2], Array(parts.dropFirst(4)), action) {
    case ("POST", "organizations", "pipelines", ["run"], "StartPipelineRun"): return start(ask)
    case ("GET", "organization", "pipelines", [], "GetPipeline"):
      return Self.done(["pipeline": Self.detail])
    case ("GET", "organization", "pipelines", ["pipelineRuns"], "ListPipelineRuns"):
      return list(ask)
    case (_, "organization", "pipelines", let rest, _) where rest.first == "pipelineRuns":
      return inside(Array(rest.dropFirst()), action, ask)
    case ("GET", "organization", "pipeline", let rest, "LogPipelineJobRun")
    where rest.count == 5 && rest[0] == "pipelineRun" && rest[2] == "job" && rest[4] == "logs":
      return with(rest[1]) { log(of: rest[3], $0) }
    default: return Self.unknown
    }
  }

  /// `parts` begin with the run's number.
  private func inside(_ parts: [String], _ action: String, _ ask: Ask) -> Answer {
    with(parts.first ?? "") { entry in
      switch (ask.method, Array(parts.dropFirst()), action) {
      case ("GET", [], "GetPipelineRun"): Self.done(["pipelineRun": run(entry)])
      case ("PUT", ["stop"], "StopPipelineRun"): stop(entry)
      case ("POST", let rest, "PassPipelineValidate") where rest.last == "pass":
        Self.declined(unless: ledger.approve(entry.number))
      case ("POST", let rest, "RefusePipelineValidate") where rest.last == "refuse":
        Self.declined(unless: ledger.refuse(entry.number))
      default: Self.unknown
      }
    }
  }

  private func with(_ number: String, _ answer: (Ledger.Entry) -> Answer) -> Answer {
    guard let entry = Int(number).flatMap({ ledger[$0] }) else {
      return Self.error(
        404, "InvalidPipelineRun.NotFound", "The pipeline execution instance is not found.")
    }
    return answer(entry)
  }
}

extension AliyunDevOpsSimulator {
  private func start(_ ask: Ask) -> Answer {
    guard ask.header("content-type")?.hasPrefix("application/x-www-form-urlencoded") == true
    else { return Self.error(400, "InvalidParam.ParamNotPresent", "The parameter is invalid.") }
    let text = ask.form.first { $0.name == "params" }?.value ?? "{}"
    guard let order = JSON(text: text), order.object != nil else {
      return Self.error(400, "InvalidParam.ParamNotPresent", "The parameter is invalid.")
    }
    let envs = order["envs"]?.object ?? [:]
    // A repository spelled otherwise than in the pipeline is passed over in silence.
    let ref = (order["runningBranchs"] ?? order["runningTags"])?[Self.repository]?.string
    let entry = ledger.start(
      ref: ref ?? "master", inputs: envs.compactMapValues(\.string), order: order)
    return Self.done(["pipelineRunId": .int(entry.number)])
  }

  private func stop(_ entry: Ledger.Entry) -> Answer {
    Self.declined(unless: ledger.cancel(entry.number))
  }

  private func list(_ ask: Ask) -> Answer {
    let size = Int(ask.query("maxResults") ?? "10") ?? 0
    let first = Int(ask.query("nextToken") ?? "0") ?? -1
    guard (1...Self.largestPage).contains(size), first >= 0 else {
      return Self.error(400, "InvalidParam.ParamNotPresent", "The parameter is invalid.")
    }
    let items = ledger.newestFirst.compactMap { entry -> JSON? in
      let shot = ledger.snapshot(entry)
      let word = Self.word(shot.phase)
      guard ask.query("status").map({ $0 == word }) ?? true else { return nil }
      return [
        "pipelineId": .int(Self.pipeline), "pipelineRunId": .int(entry.number),
        "status": .string(word), "triggerMode": 1, "creatorAccountId": "1222222222",
        "startTime": .int(entry.createdAt.milliseconds), "endTime": moment(shot.end, of: entry),
      ]
    }
    let page = items.dropFirst(first).prefix(size)
    let more = first + page.count < items.count
    return Self.done([
      "pipelineRuns": .array(Array(page)), "totalCount": .int(items.count),
      "nextToken": .string(more ? String(first + page.count) : ""),
    ])
  }

  private func log(of job: String, _ entry: Ledger.Entry) -> Answer {
    let jobs = ledger.snapshot(entry).jobs
    guard let index = jobs.indices.first(where: { String(Self.job($0, entry)) == job }) else {
      return Self.error(404, "InvalidPipelineJobRun.NotFound", "The job is not found.")
    }
    let text = jobs[index].job.log.map { $0 + "\n" }.joined()
    return Self.done([
      "log": ["content": .string(text), "more": .bool(!jobs[index].job.phase.ended)]
    ])
  }
}

extension AliyunDevOpsSimulator {
  /// Flow has no word for a time limit that was reached: such a job, and its run, FAIL. A run that waits for a person is
  /// RUNNING; its job's actions tell.
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
    let stages = shot.stages.map { stage in
      defer { first += stage.jobs.count }
      return self.stage(stage, jobsFrom: first, of: entry)
    }
    return [
      "pipelineId": .int(Self.pipeline), "pipelineRunId": .int(entry.number),
      "status": .string(Self.word(shot.phase)), "triggerMode": 1,
      "createTime": .int(entry.createdAt.milliseconds),
      "updateTime": .int(min(now(), entry.moment(shot.end ?? .infinity)).milliseconds),
      "creatorAccountId": "1222222222", "modifierAccountId": "1222222222",
      "sources": [
        [
          "sign": "shop_1", "type": "Codeup",
          "data": [
            "branch": .string(entry.ref), "repo": .string(Self.repository),
            // The vendor's spelling.
            "commint": .string(#"{"shop_1":"\#(entry.commit)"}"#),
          ],
        ]
      ],
      "stageGroup": .array(shot.stages.map { [.string($0.name)] }), "stages": .array(stages),
    ]
  }

  private func stage(
    _ stage: Snapshot.Stage, jobsFrom first: Int, of entry: Ledger.Entry
  ) -> JSON {
    [
      "name": .string(stage.name),
      "stageInfo": [
        "name": .string(stage.name), "status": .string(Self.word(stage.phase)),
        "startTime": moment(stage.begin, of: entry), "endTime": moment(stage.end, of: entry),
        "jobs": .array(
          stage.jobs.enumerated().map { position, job in
            [
              "id": .int(Self.job(first + position, entry)), "name": .string(job.name),
              "status": .string(job.phase == .waiting ? "WAITING" : Self.word(job.phase)),
              "startTime": moment(job.begin, of: entry), "endTime": moment(job.end, of: entry),
              "params": .string(#"{"BUILD_NUMBER":"\#(entry.number)"}"#),
              "actions": .array(Self.actions(job)),
            ]
          }),
      ],
    ]
  }

  /// https://help.aliyun.com/document_detail/2360596.html
  private static func actions(_ job: Snapshot.Job) -> [JSON] {
    let people: JSON = ["validators": ["1222222222"]]
    switch job.phase {
    case .waiting:
      return ["PassPipelineValidate", "RefusePipelineValidator"].map { type in
        ["type": .string(type), "disable": false, "params": people]
      }
    case .queued, .skipped: return []
    default:
      return job.gate ? [] : [["type": "LogPipelineJobRun", "disable": false, "params": [:]]]
    }
  }

  private static let detail: JSON = [
    "name": "shop", "groupId": 0,
    "pipelineConfig": [
      "flow": "", "settings": "",
      "sources": [
        [
          "sign": "shop_1", "type": "Codeup",
          "data": [
            "repo": .string(repository), "branch": "master", "isBranchMode": false,
            "isTrigger": true,
          ],
        ]
      ],
    ],
  ]

  private func moment(_ offset: Double?, of entry: Ledger.Entry) -> JSON {
    JSON(offset.map { entry.moment($0).milliseconds })
  }

  private static func job(_ position: Int, _ entry: Ledger.Entry) -> Int {
    400_460_000 + entry.number * 100 + position
  }

  private static func done(_ members: [String: JSON] = [:]) -> Answer {
    let wrapper: [String: JSON] = [
      "requestId": .string(ACS3Gate.requestID), "success": true, "errorCode": #""""#,
      "errorMessage": #""""#,
    ]
    return Answer(json: .object(wrapper.merging(members) { $1 }))
  }

  /// A declined command comes as a good answer, so that nobody takes the status for the whole of it.
  private static func declined(unless done: Bool) -> Answer {
    if done { return Self.done() }
    return Answer(json: [
      "requestId": .string(ACS3Gate.requestID), "success": false,
      "errorCode": "InvalidPipelineRun.Status", "errorMessage": "The run has ended.",
    ])
  }

  private static func error(_ status: Int, _ code: String, _ message: String) -> Answer {
    Answer(
      status,
      json: [
        "requestId": .string(ACS3Gate.requestID), "success": false, "errorCode": .string(code),
        "errorMessage": .string(message),
      ])
  }

  private static let unknown = ACS3Gate.error(
    404, "InvalidAction.NotFound", "Specified api is not found.")
}
