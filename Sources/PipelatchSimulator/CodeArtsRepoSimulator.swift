public import FoundationEssentials

/// CodeArts Repo's view of one pipeline, behind Huawei Cloud's gateway. Nothing can be started here, so one is going.
/// https://support.huaweicloud.com/intl/en-us/api-codeartsrepo/ListLatestPipelineJobs.html
public struct CodeArtsRepoSimulator: Simulator {
  public static let name = "codearts-repo"
  public static let triggers = false

  private static let repository = "2111976239"
  private static let pipeline = 6

  private let ledger: Ledger
  private let going: Int
  private let gate = HuaweiGate()
  private let now: @Sendable () -> Date

  public init(_ scenario: Scenario, speed: Double, now: @escaping @Sendable () -> Date) {
    ledger = Ledger(scenario, speed: speed, ref: "dev", now: now)
    going = ledger.start(ref: "dev").number
    self.now = now
  }

  public var target: String { "codearts-repo:cn-north-4/\(Self.repository)/\(Self.pipeline)" }
  public var environment: [String: String] { gate.environment }

  public func answer(_ ask: Ask) async -> Answer {
    if let refusal = gate.refusal(ask, at: now()) { return refusal }
    let parts = ask.parts
    guard ask.method == "GET", parts.count == 6, parts[0...1] == ["v4", "repositories"],
      parts[3] == "pipelines", parts[5] == "latest-jobs"
    else {
      return Self.missing(
        "APIGW.0101", "The API does not exist or has not been published in the environment")
    }
    guard parts[2] == Self.repository else {
      return Self.missing(
        "CH.00402000", "The repository does not exist. Check and try again.")
    }
    guard parts[4] == String(Self.pipeline), let entry = ledger[going] else {
      return Self.missing("CH.00404000", "The pipeline does not exist. Check and try again.")
    }
    return Answer(json: pipeline(entry))
  }

  private func pipeline(_ entry: Ledger.Entry) -> JSON {
    let shot = ledger.snapshot(entry)
    var first = 31930
    let stages = shot.stages.enumerated().map { position, stage -> JSON in
      defer { first += stage.jobs.count }
      return [
        "id": .int(8125 + position), "name": .string(stage.name), "sort_id": nil,
        "status": .string(Self.word(stage.phase)),
        "jobs": .array(
          stage.jobs.enumerated().map { position, job in self.job(job, first + position, of: entry)
          }),
      ]
    }
    return [
      "id": .int(Self.pipeline), "status": .string(Self.word(shot.phase)),
      "stages": .array(stages),
    ]
  }

  private func job(_ job: Snapshot.Job, _ id: Int, of entry: Ledger.Entry) -> JSON {
    let page =
      "https://devcloud.cn-north-4.huaweicloud.com/cicd/project/72271b5446614062a01b8be944c9f372"
      + "/pipeline/detail/724cb378007d4303b91f85161f67d6b0/c9cfdc8b918e44c09ad1cdd8c6b13c78"
    return [
      "id": .int(id), "name": .string(job.name), "sha": .string(entry.commit),
      "ref": .string(entry.ref), "status": .string(Self.word(job.phase)),
      // The documents' own example has this quote.
      "target_url": .string(page + "\""), "created_at": Self.text(entry.createdAt),
      "updated_at": Self.text(now()), "started_at": moment(job.begin, of: entry),
      "finished_at": moment(job.end, of: entry),
      "third_build_id": "0ede266890ddd33cff76da30090b9780",
    ]
  }

  /// Nothing here tells that a person is waited for.
  private static func word(_ phase: Phase) -> String {
    switch phase {
    case .queued: "pending"
    case .running, .waiting: "running"
    case .succeeded: "success"
    case .failed: "failed"
    case .canceled: "canceled"
    case .timedOut: "timedout"
    case .skipped: "skipped"
    }
  }

  private func moment(_ offset: Double?, of entry: Ledger.Entry) -> JSON {
    offset.map { Self.text(entry.moment($0)) } ?? .null
  }

  /// In China's time, as `2025-05-17T11:02:25.000+08:00`.
  private static func text(_ date: Date) -> JSON {
    let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    return .string(date.addingTimeInterval(8 * 3600).formatted(style).dropLast() + "+08:00")
  }

  private static func missing(_ code: String, _ message: String) -> Answer {
    Answer(404, json: ["error_code": .string(code), "error_msg": .string(message)])
  }
}
