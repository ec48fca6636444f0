public import FoundationEssentials

/// CodeArts Pipeline's API v5, with one pipeline behind Huawei Cloud's gateway.
/// https://support.huaweicloud.com/intl/en-us/api-pipeline/RunPipeline.html
///
/// Where the vendor is known to be awkward it is so too: errors come with status 200, and a new run is hidden
/// from the list for a while.
public struct CodeArtsSimulator: Simulator {
  public static let name = "codearts"
  public static let tellsTimeouts = false

  static let project = "72271b5446614062a01b8be944c9f372"
  static let pipeline = "724cb378007d4303b91f85161f67d6b0"
  static let repository = "https://codehub.devcloud.cn-north-4.huaweicloud.com/shop00001/shop.git"
  private static let hidden = 2.0
  /// A job that is a pipeline of its own.
  private static let child = (
    job: "Integration tests", pipeline: "5ab0a7d9a7f14a2e9f8e4a1b2c3d4e5f"
  )

  private let ledger: Ledger
  private let gate = HuaweiGate()
  private let speed: Double
  private let now: @Sendable () -> Date

  public init(_ scenario: Scenario, speed: Double, now: @escaping @Sendable () -> Date) {
    ledger = Ledger(scenario, speed: speed, ref: "master", now: now)
    self.speed = speed
    self.now = now
  }

  public var target: String { "codearts:cn-north-4/\(Self.project)/\(Self.pipeline)" }
  public var environment: [String: String] { gate.environment }

  public func answer(_ ask: Ask) async -> Answer {
    gate.refusal(ask, at: now()) ?? route(ask)
  }

  private func route(_ ask: Ask) -> Answer {
    let parts = ask.parts
    guard parts.count >= 5, parts[0] == "v5", parts[2...3] == ["api", "pipelines"] else {
      return Answer(
        404,
        json: [
          "error_code": "APIGW.0101",
          "error_msg": "The API does not exist or has not been published in the environment",
        ])
    }
    if parts[1] != Self.project { return Self.error("DEVPIPE.00011412", "项目不存在") }
    if parts[4] != Self.pipeline { return Self.error("DEVPIPE.00011401", "pipeline not found") }
    switch (ask.method, Array(parts.dropFirst(5))) {
    case ("GET", []): return Answer(json: Self.detail)
    case ("POST", ["run"]): return start(ask)
    case ("GET", ["pipeline-runs", "detail"]):
      let id = ask.query("pipeline_run_id")
      // Only what has been executed is answered.
      return entry(id).map { Answer(json: run($0)) } ?? Answer(json: .null)
    case ("POST", ["pipeline-runs", "list"]): return list(ask)
    case ("GET", ["queued-pipeline"]):
      guard let offset = ask.query("offset"), let limit = ask.query("limit") else {
        return Self.malformed
      }
      return Answer(json: [
        "offset": JSON(Int(offset)), "limit": JSON(Int(limit)), "total": 0, "queuedPipelines": [],
      ])
    case (_, let rest) where rest.count >= 3 && rest[0] == "pipeline-runs":
      guard let entry = entry(rest[1]) else {
        return Self.error("DEVPIPE.00011401", "pipeline run not found")
      }
      return inside(entry, Array(rest.dropFirst(2)), ask)
    default: return Self.malformed
    }
  }

  /// `rest` is what follows the run's id.
  private func inside(_ entry: Ledger.Entry, _ rest: [String], _ ask: Ask) -> Answer {
    switch (ask.method, rest) {
    case ("POST", ["stop"]):
      return Answer(json: ["success": .bool(ledger.cancel(entry.number))])
    case ("GET", ["steps", "outputs"]): return outputs(entry, ask)
    case ("POST", let rest) where rest.count == 5 && rest[0] == "jobs" && rest[2] == "steps":
      let jobs = ledger.snapshot(entry).jobs
      guard
        let index = jobs.indices.first(where: {
          Self.id("10b", entry, $0) == rest[1] && Self.id("57e", entry, $0) == rest[3]
        })
      else { return Self.error("DEVPIPE.30011001", "step not found") }
      let waits = jobs[index].job.phase == .waiting
      switch rest[4] {
      case "logs": return log(jobs[index].job.log, of: rest[3], ask)
      case "pass":
        return Answer(json: ["success": .bool(waits && ledger.approve(entry.number))])
      case "refuse":
        return Answer(json: ["success": .bool(waits && ledger.refuse(entry.number))])
      default: return Self.malformed
      }
    default: return Self.malformed
    }
  }

  /// The newest where no id is given.
  private func entry(_ id: String?) -> Ledger.Entry? {
    ledger.newestFirst.first { id == nil || id == Self.id("c0d", $0) }
  }

  private static func id(_ kind: String, _ entry: Ledger.Entry, _ position: Int = 0) -> String {
    let digits = String(entry.number * 100 + position, radix: 16)
    return kind + String(repeating: "0", count: 32 - kind.count - digits.count) + digits
  }
}

extension CodeArtsSimulator {
  private func start(_ ask: Ask) -> Answer {
    guard let order = ask.json, order.object != nil else {
      return Answer(
        400,
        json: [
          "error_code": "PARSE_REQUEST_DATA_EXCEPTION", "error_msg": "parse request data exception",
        ])
    }
    var ref = "master"
    for source in order["sources"]?.array ?? [] {
      let params = source["params"]
      let build = params?["build_params"]
      let chosen =
        build?["build_type"] == "tag" ? build?["tag"]?.string : build?["target_branch"]?.string
      guard source["type"] == "code", params?["git_type"]?.string != nil,
        params?["git_url"]?.string == Self.repository, build?["event_type"] == "Manual",
        ["branch", "tag"].contains(build?["build_type"]?.string), let chosen
      else { return Self.malformed }
      ref = chosen
    }
    var inputs: [String: String] = [:]
    for variable in order["variables"]?.array ?? [] {
      guard let name = variable["name"]?.string, let value = variable["value"]?.string,
        value.count <= 8192
      else { return Self.malformed }
      inputs[name] = value
    }
    if (order["description"]?.string ?? "").count > 1024 { return Self.malformed }
    let entry = ledger.start(ref: ref, inputs: inputs, order: order)
    return Answer(json: ["pipeline_run_id": .string(Self.id("c0d", entry))])
  }

  private func list(_ ask: Ask) -> Answer {
    guard let query = ask.json, query.object != nil, let limit = query["limit"]?.int else {
      return Self.malformed
    }
    let words = query["status"]?.array?.compactMap(\.string)
    let shown = ledger.newestFirst.filter { entry in
      let age = now().timeIntervalSince(entry.createdAt)
      let word = Self.word(ledger.snapshot(entry).phase)
      return age >= Self.hidden / speed && (words.map { $0.contains(word) } ?? true)
    }
    let sorted = query["sort_dir"] == "asc" ? shown.reversed() : shown
    let offset = query["offset"]?.int ?? 0
    return Answer(json: [
      "offset": .int(offset), "limit": .int(limit), "total": .int(shown.count),
      "pipeline_runs": .array(sorted.dropFirst(offset).prefix(limit).map(item)),
    ])
  }

  private func item(_ entry: Ledger.Entry) -> JSON {
    let shot = ledger.snapshot(entry)
    return [
      "pipeline_id": .string(Self.pipeline), "pipeline_run_id": .string(Self.id("c0d", entry)),
      "status": .string(Self.word(shot.phase)), "run_number": .int(entry.number),
      "trigger_type": "Manual", "build_params": Self.build(entry),
      "start_time": .int(entry.createdAt.milliseconds), "end_time": moment(shot.end, of: entry),
      "detail_url": "", "modify_url": "",
      "stage_status_list": .array(
        shot.stages.enumerated().map { position, stage in
          [
            "id": .string(Self.id("57a", entry, position)), "name": .string(stage.name),
            "status": .string(Self.word(stage)), "sequence": .int(position),
          ]
        }),
    ]
  }

  private func outputs(_ entry: Ledger.Entry, _ ask: Ask) -> Answer {
    let steps = (ask.query("step_run_ids") ?? "").split(separator: ",").map(String.init)
    let jobs = ledger.snapshot(entry).jobs
    let known = jobs.indices.filter {
      jobs[$0].job.name == Self.child.job && jobs[$0].job.begin != nil
        && steps.contains(Self.id("57e", entry, $0))
    }
    return Answer(json: [
      "current_system_time": .int(now().milliseconds),
      "step_outputs": .array(
        known.map { index in
          [
            "step_run_id": .string(Self.id("57e", entry, index)),
            "output_result": [
              ["key": "pipeline_id", "value": .string(Self.child.pipeline)],
              ["key": "pipeline_run_id", "value": .string(Self.id("c1d", entry, index))],
            ],
          ]
        }),
    ])
  }

  /// Offsets count lines here; they come as numbers and go as texts.
  private func log(_ lines: [String], of step: String, _ ask: Ask) -> Answer {
    guard let place = ask.json, let from = place["end_offset"]?.int, place["start_offset"] != nil,
      let limit = place["limit"]?.int, limit > 0
    else { return Self.malformed }
    let page = lines.dropFirst(from).prefix(min(limit, 4))
    let end = from + page.count
    return Answer(json: [
      "log": .string(page.joined(separator: "\n")), "has_more": .bool(end < lines.count),
      "start_offset": .string(String(from)), "end_offset": .string(String(end)),
      "step_run_id": .string(step),
    ])
  }
}

extension CodeArtsSimulator {
  /// There is no word for a time limit: such a job, and its run, FAILED. A run that has not begun is RUNNING already.
  private static func word(_ phase: Phase) -> String {
    switch phase {
    case .queued, .running: "RUNNING"
    case .waiting: "PAUSED"
    case .succeeded: "COMPLETED"
    case .failed, .timedOut, .skipped: "FAILED"
    case .canceled: "CANCELED"
    }
  }

  /// What has not begun is INIT, and stays so when the run ends before.
  private static func word(_ job: Snapshot.Job) -> String {
    job.begin == nil ? "INIT" : word(job.phase)
  }

  private static func word(_ stage: Snapshot.Stage) -> String {
    stage.begin == nil ? "INIT" : word(stage.phase)
  }

  private func run(_ entry: Ledger.Entry) -> JSON {
    let shot = ledger.snapshot(entry)
    var first = 0
    let stages = shot.stages.enumerated().map { position, stage in
      defer { first += stage.jobs.count }
      return self.stage(stage, position, jobsFrom: first, of: entry)
    }
    return [
      "id": .string(Self.id("c0d", entry)), "pipeline_id": .string(Self.pipeline), "name": "shop",
      "description": entry.order["description"] ?? "", "manifest_version": "3.0",
      "project_id": .string(Self.project), "region": "cn-north-4", "executor_name": "demo",
      "status": .string(Self.word(shot.phase)), "trigger_type": "Manual",
      "run_number": .int(entry.number), "start_time": .int(entry.createdAt.milliseconds),
      "end_time": moment(shot.end, of: entry), "stages": .array(stages), "artifacts": [],
      "sources": [Self.source(Self.build(entry))], "detail_url": nil,
      "current_system_time": .int(now().milliseconds),
    ]
  }

  private func stage(
    _ stage: Snapshot.Stage, _ position: Int, jobsFrom first: Int, of entry: Ledger.Entry
  ) -> JSON {
    let begun = stage.begin != nil
    return [
      "id": .string(Self.id("57a", entry, position)), "name": .string(stage.name),
      "identifier": .string("stage_\(position)"), "sequence": .int(position), "is_select": true,
      "run_always": false, "parallel": "1", "status": .string(Self.word(stage)), "post": [],
      "start_time": moment(stage.begin, of: entry), "end_time": moment(stage.end, of: entry),
      "pre": [
        [
          "id": .string(Self.id("94e", entry, position)), "name": "auto",
          "task": "official_devcloud_autoTrigger", "status": begun ? "COMPLETED" : "INIT",
        ]
      ],
      "jobs": .array(
        stage.jobs.enumerated().map { position, job in self.job(job, first + position, of: entry) }),
    ]
  }

  private func job(_ job: Snapshot.Job, _ position: Int, of entry: Ledger.Entry) -> JSON {
    let id = Self.id("10b", entry, position)
    let sub = job.name == Self.child.job
    let word = JSON.string(Self.word(job))
    let message: JSON =
      switch (word, job.phase) {
      case ("FAILED", .timedOut): "the job reached its time limit"
      case ("FAILED", _):
        #"{"errorMessage":" 构建任务执行失败!","errorCode":"DEV-CODECI-35002"}"#
      default: nil
      }
    return [
      "id": .string(id), "name": .string(job.name), "identifier": .string("JOB_\(position)"),
      "sequence": .int(position), "async": "false", "is_select": true, "status": word,
      "message": message, "exec_id": nil, "start_time": moment(job.begin, of: entry),
      "end_time": moment(job.end, of: entry),
      "steps": [
        [
          "id": .string(Self.id("57e", entry, position)), "job_run_id": .string(id),
          "name": .string(job.name), "status": word, "business_type": "Normal",
          "task": sub ? "official_devcloud_subPipeline" : "official_shell_plugin",
          "start_time": moment(job.begin, of: entry), "end_time": moment(job.end, of: entry),
        ]
      ],
    ]
  }

  private static func build(_ entry: Ledger.Entry) -> JSON {
    let asked = entry.order["sources"]?[0]?["params"]?["build_params"]
    let tag = asked?["build_type"] == "tag"
    return [
      "build_type": tag ? "tag" : "branch", "event_type": "Manual", "action": nil,
      "target_branch": tag ? nil : .string(entry.ref), "tag": tag ? .string(entry.ref) : nil,
      "commit_id": .string(entry.commit), "merge_id": nil, "source_branch": nil,
    ]
  }

  private static func source(_ build: JSON?) -> JSON {
    var params: [String: JSON] = [
      "git_type": "codehub", "git_url": .string(repository), "codehub_id": "2111976239",
      "default_branch": "master", "alias": "shop", "endpoint_id": "", "repo_name": "shop",
    ]
    params["build_params"] = build
    return ["type": "code", "params": .object(params)]
  }

  private static let detail: JSON = [
    "id": .string(pipeline), "name": "shop", "project_id": .string(project),
    "sources": [source(nil)], "definition": "{}",
  ]

  private func moment(_ offset: Double?, of entry: Ledger.Entry) -> JSON {
    JSON(offset.map { entry.moment($0).milliseconds })
  }

  private static let malformed = error("DEVPIPE.00010001", "invalid parameter", status: 400)

  private static func error(_ code: String, _ message: String, status: Int = 200) -> Answer {
    Answer(status, json: ["error_code": .string(code), "error_msg": .string(message)])
  }
}
