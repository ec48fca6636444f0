public import FoundationEssentials
import Synchronization

/// DataWorks' deployment pipelines of 2024-05-18, with one workspace. Stages behind the first wait to be executed.
/// https://www.alibabacloud.com/help/en/dataworks/developer-reference/api-dataworks-public-2024-05-18-listpipelineruns
public struct DataWorksSimulator: Simulator {
  public static let name = "dataworks"
  public static let tellsTimeouts = false

  static let project = "10000"
  private static let largestPage = 100

  private final class State: Sendable {
    let runs = Mutex<[Int: StagedRun]>([:])
    /// Ended by AbolishPipelineRun, which is called a cancel; any other end of that kind is a termination.
    let abolished = Mutex<Set<Int>>([])
  }

  private let ledger: Ledger
  private let gate: ACS3Gate
  private let now: @Sendable () -> Date
  private let state = State()

  public init(_ scenario: Scenario, speed: Double, now: @escaping @Sendable () -> Date) {
    ledger = Ledger(scenario, speed: speed, now: now)
    gate = ACS3Gate(version: "2024-05-18", now: now)
    self.now = now
    for entry in ledger.newestFirst {
      let run = StagedRun(entry.script, byItself: entry.script.stages.count)
      state.runs.withLock { $0[entry.number] = run }
    }
  }

  public var target: String { "dataworks:cn-shanghai/\(Self.project)" }
  public var environment: [String: String] { ACS3Gate.environment }
  public var inputs: [Ask.Pair] { [("ObjectIds", "860438872620113001")] }

  public func answer(_ ask: Ask) async -> Answer { gate.refusal(ask) ?? route(ask) }

  private func route(_ ask: Ask) -> Answer {
    guard ask.parts.isEmpty else { return Self.unknown }
    // One command splits its parameters between query and form, the others do not.
    let form = { (name: String) in ask.form.first { $0.name == name }?.value }
    let action = (ask.method, ask.header("x-acs-action") ?? "")
    let project =
      action == ("POST", "ExecPipelineRunStage") || ask.method == "GET"
      ? ask.query("ProjectId") : form("ProjectId")
    guard let project else { return Self.absent("ProjectId") }
    guard project == Self.project else {
      return Self.error(403, "403030", "No permission on the workspace.")
    }
    switch action {
    case ("GET", "ListPipelineRuns"): return list(ask)
    case ("GET", "GetPipelineRun"):
      return with(ask.query("Id")) { Answer(json: Self.reply(["Pipeline": run($0)])) }
    case ("POST", "CreatePipelineRun"): return create(form)
    case ("POST", "ExecPipelineRunStage"):
      return with(form("Id")) { execute(form("Code"), $0) }
    case ("POST", "AbolishPipelineRun"): return with(form("Id")) { abolish($0) }
    default: return Self.unknown
    }
  }

  private func with(_ id: String?, _ answer: (Ledger.Entry) -> Answer) -> Answer {
    guard let id else { return Self.absent("Id") }
    guard let entry = ledger.newestFirst.first(where: { Self.id($0) == id }) else {
      // No page says how a run is answered that is not there.
      return Self.error(404, "InvalidPipelineRun.NotFound", "The pipeline run is not found.")
    }
    return answer(entry)
  }
}

extension DataWorksSimulator {
  private func create(_ form: (String) -> String?) -> Answer {
    guard let type = form("Type"), ["Online", "Offline"].contains(type) else {
      return Self.absent("Type")
    }
    guard let objects = form("ObjectIds").flatMap({ JSON(text: $0) })?.array,
      objects.first?.string?.isEmpty == false
    else {
      return Self.error(400, "5801489541076353033", "未找到发布对象: [[]]")
    }
    let last = form("AutoRunUntilStage")
    guard (form("RunMode") == "Auto") == (last != nil) else {
      return Self.error(400, "Invalid.Param", "RunMode and AutoRunUntilStage go together.")
    }
    let entry = ledger.start(
      order: ["Type": .string(type), "Description": .string(form("Description") ?? "")])
    let codes = Self.stages(of: entry).map(\.code)
    let byItself = last.flatMap { codes.firstIndex(of: $0) }.map { $0 + 1 } ?? 1
    let run = StagedRun(entry.script, byItself: byItself)
    state.runs.withLock { $0[entry.number] = run }
    return Answer(json: Self.reply(["Id": .string(Self.id(entry))]))
  }

  private func execute(_ code: String?, _ entry: Ledger.Entry) -> Answer {
    guard let code else { return Self.absent("Code") }
    let moment = now().timeIntervalSince(entry.createdAt)
    let stage = Self.stages(of: entry).firstIndex { $0.code == code }
    return state.runs.withLock { runs in
      guard var run = runs[entry.number], let stage else {
        return Self.error(400, "Invalid.Param", "There is no stage \(code).")
      }
      guard !run.phase(at: moment).ended else {
        return Self.error(400, "Invalid.Status", "流水线不是正在运行")
      }
      // What an approval looks like to the API is on no page; guides tell of errors and of a status that stays.
      let waits = Self.error(400, "Invalid.Approval", "Stage \(code) waits for an approval.")
      if run.script.snapshot(at: moment).stages[stage].phase == .waiting { return waits }
      guard run.due(at: moment) == stage else {
        return Self.error(400, "Invalid.Stage", "Stage \(code) is not the next one.")
      }
      run.execute(at: moment)
      runs[entry.number] = run
      return run.hasGate(stage) ? waits : Answer(json: Self.reply(["Success": true]))
    }
  }

  private func abolish(_ entry: Ledger.Entry) -> Answer {
    let moment = now().timeIntervalSince(entry.createdAt)
    let done = state.runs.withLock { $0[entry.number]?.cancel(at: moment) ?? false }
    if done { state.abolished.withLock { _ = $0.insert(entry.number) } }
    return Answer(json: Self.reply(["Success": .bool(done)]))
  }

  /// The order is on no page: oldest first, so that a client cannot lean on the other.
  private func list(_ ask: Ask) -> Answer {
    let number = Int(ask.query("PageNumber") ?? "1") ?? 0
    let size = Int(ask.query("PageSize") ?? "10") ?? 0
    guard number >= 1, (1...Self.largestPage).contains(size) else {
      return Self.error(400, "InvalidPageSize", "PageNumber or PageSize is out of range.")
    }
    let runs = ledger.newestFirst.reversed().map(run).filter { run in
      ask.query("Status").map { run["Status"]?.string == $0 } ?? true
    }
    return Answer(
      json: Self.reply([
        "PagingInfo": [
          "PageNumber": .int(number), "PageSize": .int(size), "TotalCount": .int(runs.count),
          "PipelineRuns": .array(Array(runs.dropFirst((number - 1) * size).prefix(size))),
        ]
      ]))
  }
}

extension DataWorksSimulator {
  private static func stages(
    of entry: Ledger.Entry
  ) -> [(code: String, type: String, name: String)] {
    let offline = entry.order["Type"] == "Offline"
    return [
      offline
        ? ("OfflineCheck", "Check", "Check before going offline")
        : ("BUILD_PACKAGE", "Build", "Build the package"),
      ("PROD_CHECK", "Check", "Check before production"),
      ("PROD", offline ? "Offline" : "Deploy", "Production"),
    ]
  }

  private func run(_ entry: Ledger.Entry) -> JSON {
    let moment = now().timeIntervalSince(entry.createdAt)
    let abolished = state.abolished.withLock { $0.contains(entry.number) }
    guard let run = state.runs.withLock({ $0[entry.number] }) else { return .null }
    let shot = run.script.snapshot(at: moment)
    let stages = zip(Self.stages(of: entry), shot.stages).enumerated().map { place, stage in
      Self.stage(place + 1, stage.0, stage.1, abolished)
    }
    return [
      "Id": .string(Self.id(entry)), "ProjectId": 10000,
      "CreateTime": .int(entry.createdAt.milliseconds),
      "ModifyTime": .int(entry.moment(run.changed(by: moment)).milliseconds),
      "Creator": "110755000425XXXX", "Status": .string(Self.word(run.phase(at: moment), abolished)),
      "Message": "", "Description": entry.order["Description"] ?? "", "Stages": .array(stages),
    ]
  }

  private static func stage(
    _ step: Int, _ stage: (code: String, type: String, name: String), _ shot: Snapshot.Stage,
    _ abolished: Bool
  ) -> JSON {
    let bad = shot.jobs.first { [.failed, .timedOut].contains($0.phase) }
    return [
      "Code": .string(stage.code), "Step": .int(step), "Type": .string(stage.type),
      // The published examples carry such line breaks.
      "Name": .string(stage.name + "\n"), "Description": .string(stage.name + "\n"),
      "Message": .string(bad?.log.last ?? ""), "Status": .string(word(shot.phase, abolished)),
      "Detail": [:],
    ]
  }

  /// A time limit is a failure like any other, and a stage that waits for a person has not begun.
  private static func word(_ phase: Phase, _ abolished: Bool) -> String {
    switch phase {
    case .queued, .waiting, .skipped: "Init"
    case .running: "Running"
    case .succeeded: "Success"
    case .failed, .timedOut: "Fail"
    case .canceled: abolished ? "Cancel" : "Termination"
    }
  }

  private static func id(_ entry: Ledger.Entry) -> String {
    let digits = String(entry.number)
    return "a7ef0634-20ec-4a7c-a214-" + String(repeating: "0", count: 12 - digits.count) + digits
  }

  private static func reply(_ members: [String: JSON]) -> JSON {
    .object(
      members.merging(["RequestId": .string(ACS3Gate.requestID + "\n")]) { first, _ in first })
  }

  private static func error(_ status: Int, _ code: String, _ message: String) -> Answer {
    Answer(
      status,
      json: [
        "RequestId": .string(ACS3Gate.requestID), "Code": .string(code),
        "Message": .string(message),
      ])
  }

  private static func absent(_ name: String) -> Answer {
    error(400, "MissingParameter", "\(name) is mandatory for this action.")
  }

  private static let unknown = ACS3Gate.error(
    404, "InvalidAction.NotFound", "Specified api is not found.")
}
