import FoundationEssentials
public import PipelatchCore

/// Alibaba Cloud DataWorks, its deployment pipelines (2024-05-18).
/// https://www.alibabacloud.com/help/en/dataworks/developer-reference/api-dataworks-public-2024-05-18-listpipelineruns
public struct DataWorks: Vendor {
  public static let card = VendorCard(
    name: "dataworks",
    title: "Alibaba Cloud DataWorks deployment pipelines",
    form: "REGION/PROJECT",
    credentials: AlibabaGateway.credentials,
    notes: [
      "The Basic edition allows an account 100 calls a day in a region, so the pace is frugal by default; a"
        + " daily limit ends the wait with its name.",
      "trigger takes --input ObjectIds=ID (required; the vendor deploys the first and what belongs to it),"
        + " Type=Online or Offline (Online), Description, and RunMode=Auto with AutoRunUntilStage=CODE.",
      "trigger executes each stage once when those before it have succeeded; with RunMode=Auto the vendor"
        + " does, up to the stage named. With --no-wait nobody executes them.",
      "wait and check execute nothing: a run that stands still between stages waits for a person.",
      "Runs name no branch and no commit, so the run is chosen with --latest or #RUN.",
    ],
    documents:
      "https://www.alibabacloud.com/help/en/dataworks/developer-reference/api-dataworks-public-2024-05-18-listpipelineruns",
    pace: .frugal)

  public static let vocabularies = [words]

  /// Of runs and stages alike. The page of March 2026 has one family of words, the SDKs before and after it the other,
  /// and older ones write both in capitals.
  static let words: Vocabulary = [
    "Success": .succeeded, "Succeeded": .succeeded, "SUCCESS": .succeeded, "SUCCEEDED": .succeeded,
    "Fail": .failed, "Failed": .failed, "FAIL": .failed, "FAILED": .failed,
    "Termination": .canceled, "Terminated": .canceled, "TERMINATION": .canceled,
    "TERMINATED": .canceled,
    "Cancel": .canceled, "Canceled": .canceled, "Cancelled": .canceled, "CANCEL": .canceled,
    "CANCELED": .canceled,
    "Running": .running, "RUNNING": .running,
    "Init": .queued, "INIT": .queued,
  ]

  private static let version = "2024-05-18"
  /// The vendor's largest page.
  private static let page = 100
  /// Pages read of a list that is not newest first.
  private static let pages = 10

  public let connection: Connection
  let project: String
  let now: @Sendable () -> Timestamp
  let drive = StageDrive()

  public static func check(_ target: Target) throws(Failure) {
    let path = target.path
    guard path.count == 2, path[0].isRegion, !path[1].isEmpty,
      path[1].utf8.allSatisfy({ (48...57).contains($0) })
    else { throw target.malformed(card, "PROJECT is a number") }
    if target.ref != nil { throw branchless }
  }

  public static func target(at address: WebAddress) -> Target? { nil }

  public static func server(
    for target: Target, settings: [String: String]
  ) throws(Failure) -> Server {
    Server(host: DataWorksRegion.host(of: target.path[0]))
  }

  public init(_ site: Site) throws(Failure) {
    project = site.target.path[1]
    now = site.now
    connection = AlibabaGateway.connection(site, version: Self.version)
  }

  private static let branchless = Failure(
    .usage, "DataWorks runs have no branch and no commit", remedy: "Use --latest or #RUN")
}

extension DataWorks {
  public func find(
    _ selector: Selector, passedOver: inout Set<String>
  ) async throws(Failure) -> Found? {
    if selector.ref != nil || selector.commit != nil { throw Self.branchless }
    guard let newest = try await list().first else { return nil }
    let run = model(newest)
    return selector.admits(run) ? Found(run) : nil
  }

  public func look(_ handle: String) async throws(Failure) -> Run {
    let answer = try await connection.get(
      "/", query: [Request.Pair("ProjectId", project), Request.Pair("Id", handle)],
      headers: AlibabaGateway.action("GetPipelineRun"), as: WireDetail.self)
    guard let wire = answer.pipeline else {
      throw Failure(
        .missing, "the vendor answers with no run \(handle)", remedy: "Check the target")
    }
    if wire.id.text.trimmed != handle {
      throw Failure(.unreadable, "asked for run \(handle), answered run \(wire.id.text.trimmed)")
    }
    return model(wire)
  }

  /// Newest first. No order is promised: a first page that falls is taken for the newest, any other list is read whole.
  private func list() async throws(Failure) -> [WireRun] {
    var runs: [WireRun] = []
    for number in 1...Self.pages {
      let answer = try await connection.get(
        "/",
        query: [
          Request.Pair("ProjectId", project), Request.Pair("PageNumber", String(number)),
          Request.Pair("PageSize", String(Self.page)),
        ], headers: AlibabaGateway.action("ListPipelineRuns"), as: WireList.self
      ).paging
      let page = answer.runs ?? []
      runs += page
      let full = answer.size.flatMap { Int($0.text) } ?? Self.page
      let whole = page.count < full || runs.count >= answer.total.flatMap { Int($0.text) } ?? 0
      let falls = zip(runs, runs.dropFirst()).allSatisfy { $0.created > $1.created }
      // A single run is the newest, whenever it was created.
      let isTimed = runs.count < 2 || runs.allSatisfy { $0.created > 0 }
      if !isTimed || runs.contains(where: { $0.id.text.trimmed.isEmpty }) {
        throw Failure(.unreadable, "a run in the list has no id or no time of creation")
      }
      if whole || (runs.count > 1 && falls) {
        return runs.sorted { $0.created > $1.created }
      }
    }
    throw Failure(
      .rejected, "the list of runs is not newest first and too long to read",
      remedy: "Name the run with #RUN")
  }

  private func model(_ wire: WireRun) -> Run {
    var run = Run(id: wire.id.text.trimmed, state: Self.words[wire.status?.trimmed])
    run.createdAt = wire.createTime?.moment
    // The published example answers so; the ids of runs are unique.
    if let other = wire.project?.text, other != project {
      run.notes.append("DataWorks says that the run is of workspace \(other).")
    }
    for wire in (wire.stages ?? []).sorted(by: { $0.order < $1.order }) {
      let code = wire.code ?? ""
      let name = wire.name?.value?.trimmed ?? (code.isEmpty ? "stage" : code)
      let job = Job(
        id: code, name: wire.type?.value?.trimmed ?? name, state: Self.words[wire.status?.trimmed])
      run.stages.append(Stage(name: name, state: job.state, jobs: [job]))
      if job.state == .failed, let said = wire.message?.value?.trimmed, !said.isEmpty {
        run.notes.append("Stage \(name) failed: \(said)")
      }
    }
    if run.state.ended {
      run.finishedAt = wire.modifyTime?.moment
      if run.state != .succeeded, let said = wire.message?.value?.trimmed, !said.isEmpty {
        run.notes.append(said)
      }
    } else if run.state == .queued || run.state == .running {
      judge(&run, changed: wire.modifyTime?.moment)
    }
    return run
  }

  /// Says what a run waits for that stands between its stages.
  private func judge(_ run: inout Run, changed: Timestamp?) {
    if run.stages.contains(where: { $0.state == .running }) { return }
    let served = now() + (connection.skew ?? .zero)
    let resting = drive.rests(run, since: changed.map { served - $0 }, at: now())
    if resting, let failed = run.stages.first(where: { $0.state == .failed }) {
      // The run's own word stays Running; nothing moves behind a failed stage.
      run.state = .failed
      run.notes.append("DataWorks still calls the run running; stage \(failed.name) has failed.")
    } else if let due = run.due,
      let message = drive.message(on: due, of: run.id, at: now(), resting: resting)
    {
      run.state = .waiting
      run.approvals = [Approval(stage: due.name, message: message)]
    }
  }
}

extension DataWorks: Markable, Cancelable {
  public func start(_ order: Order) async throws(Failure) -> Found {
    if order.ref != nil || order.commit != nil { throw Self.branchless }
    let plan = try DataWorksOrder(order)
    let form = [Request.Pair("ProjectId", project)] + plan.form
    let request = command("CreatePipelineRun", form: form)
    let created: WireCreated
    do {
      created = try await connection.send(request, as: WireCreated.self)
    } catch {
      throw error.ownWord
    }
    guard let id = created.id?.text.trimmed, !id.isEmpty else {
      throw Failure(.unreadable, "the answer to the trigger is no run id", address: request.address)
    }
    drive.begin(id, byItself: plan.runsByItself)
    return Found(handle: id)
  }

  public func find(
    marked key: String, passedOver: inout Set<String>
  ) async throws(Failure) -> Found? {
    let mark = DataWorksOrder.mark(key)
    let run = try await list().first { $0.description?.value?.contains(mark) == true }
    return run.map { Found(model($0)) }
  }

  /// The vendor's word is abolish; the run then ends as Termination or Cancel.
  public func cancel(_ run: Run) async throws(Failure) {
    let answer = try await connection.send(
      command(
        "AbolishPipelineRun",
        form: [Request.Pair("Id", run.id), Request.Pair("ProjectId", project)]), as: WireDone.self)
    guard answer.success == true else {
      throw Failure(.rejected, "the vendor did not cancel run \(run.id)")
    }
  }

  func command(
    _ action: String, query: [Request.Pair] = [], form: [Request.Pair]
  ) -> Request {
    Request(
      .post, connection.server, path: "/", query: query, headers: AlibabaGateway.action(action),
      body: form.formEncoded)
  }
}

private struct WireList: Decodable, Sendable {
  struct Paging: Decodable, Sendable {
    /// The vendor may give fewer a page than it was asked for.
    var size: WireID?
    var total: WireID?
    var runs: [WireRun]?

    enum CodingKeys: String, CodingKey {
      case size = "PageSize"
      case total = "TotalCount"
      case runs = "PipelineRuns"
    }
  }

  var paging: Paging

  enum CodingKeys: String, CodingKey { case paging = "PagingInfo" }
}

/// GetPipelineRun wraps the run in `Pipeline`.
private struct WireDetail: Decodable, Sendable {
  var pipeline: WireRun?

  enum CodingKeys: String, CodingKey { case pipeline = "Pipeline" }
}

private struct WireDone: Decodable, Sendable {
  var success: Bool?

  enum CodingKeys: String, CodingKey { case success = "Success" }
}

private struct WireCreated: Decodable, Sendable {
  var id: WireID?

  enum CodingKeys: String, CodingKey { case id = "Id" }
}

private struct WireRun: Decodable, Sendable {
  var id: WireID
  var project: WireID?
  var status: String?
  var message: Lenient<String>?
  var description: Lenient<String>?
  var createTime: WireMilliseconds?
  var modifyTime: WireMilliseconds?
  var stages: [WireStage]?

  var created: Int64 { createTime?.moment?.milliseconds ?? 0 }

  enum CodingKeys: String, CodingKey {
    case id = "Id"
    case project = "ProjectId"
    case status = "Status"
    case message = "Message"
    case description = "Description"
    case createTime = "CreateTime"
    case modifyTime = "ModifyTime"
    case stages = "Stages"
  }
}

private struct WireStage: Decodable, Sendable {
  var code: String?
  var step: WireID?
  var type: Lenient<String>?
  var name: Lenient<String>?
  var message: Lenient<String>?
  var status: String?

  var order: Int { step.flatMap { Int($0.text) } ?? .max }

  enum CodingKeys: String, CodingKey {
    case code = "Code"
    case step = "Step"
    case type = "Type"
    case name = "Name"
    case message = "Message"
    case status = "Status"
  }
}
