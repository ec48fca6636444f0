import FoundationEssentials
public import PipelatchCore

/// Alibaba Cloud DevOps Flow, the classic API of 2021-06-25 with access keys.
/// https://help.aliyun.com/document_detail/460556.html
public struct AliyunDevOps: Vendor {
  public static let card = VendorCard(
    name: "aliyun-devops",
    title: "Alibaba Cloud DevOps Flow, the classic API (2021-06-25)",
    form: "ORG/PIPELINE",
    credentials: AlibabaGateway.credentials,
    notes: [
      "The run list names no branch, so --ref and --commit read each candidate once.",
      "The API says nothing of what a run was started with, so --key is not offered.",
    ],
    documents: "https://help.aliyun.com/document_detail/460556.html")

  public static let vocabularies = [words]

  static let words: Vocabulary = [
    "SUCCESS": .succeeded,
    "FAIL": .failed, "FAILED": .failed, "ERROR": .failed,
    "CANCELED": .canceled, "CANCELLED": .canceled,
    "SKIP": .skipped, "SKIPPED": .skipped,
    "RUNNING": .running, "CANCELLING": .running,
    // Waiting for a runner or for its turn as well as for a person: a job's actions tell a gate, not this word.
    "WAITING": .queued, "QUEUED": .queued, "PENDING": .queued, "INIT": .queued,
  ]

  private static let page = 30
  /// Pages read of a list that is not newest first.
  private static let pages = 40

  public let connection: Connection
  private let organization: String
  private let pipeline: String

  public static func check(_ target: Target) throws(Failure) {
    guard target.path.count == 2, !target.path[0].isEmpty, target.path[1].isNumber,
      target.run?.isNumber ?? true
    else { throw target.malformed(card) }
  }

  public static func target(at address: WebAddress) -> Target? { nil }

  /// The product has this one place, whatever the account's region.
  public static func server(
    for target: Target, settings: [String: String]
  ) throws(Failure) -> Server {
    Server(host: "devops.cn-hangzhou.aliyuncs.com")
  }

  public init(_ site: Site) throws(Failure) {
    organization = site.target.path[0]
    pipeline = site.target.path[1]
    connection = AlibabaGateway.connection(site, version: "2021-06-25")
  }

  /// Singular here, plural where a run is started: the API's own spelling.
  private var pipelinePath: String {
    "/organization/\(organization.percentEncoded)/pipelines/\(pipeline.percentEncoded)"
  }

  private func runPath(_ id: String) -> String {
    "\(pipelinePath)/pipelineRuns/\(id.percentEncoded)"
  }
}

extension AliyunDevOps {
  public func find(
    _ selector: Selector, passedOver: inout Set<String>
  ) async throws(Failure) -> Found? {
    let named = selector.ref != nil || selector.commit != nil
    for item in try await list().prefix(named ? Self.page : 1) {
      let id = item.pipelineRunId.text
      if passedOver.contains(id) { continue }
      let run = model(try await detail(id))
      if selector.admits(run) { return Found(run) }
      passedOver.insert(id)
    }
    return nil
  }

  public func look(_ handle: String) async throws(Failure) -> Run {
    model(try await detail(handle))
  }

  /// Newest first. No order is promised: a first page that falls is taken for the newest, any other list is read whole.
  private func list() async throws(Failure) -> [WireItem] {
    var items: [WireItem] = []
    var token: String?
    for _ in 0..<Self.pages {
      var query = [Request.Pair("maxResults", String(Self.page))]
      if let token { query.append(Request.Pair("nextToken", token)) }
      let answer = try await connection.get(
        "\(pipelinePath)/pipelineRuns", query: query,
        headers: AlibabaGateway.action("ListPipelineRuns"), as: WireList.self)
      items += answer.pipelineRuns ?? []
      token = answer.nextToken.flatMap { $0.isEmpty || $0 == token ? nil : $0 }
      let falls = zip(items, items.dropFirst()).allSatisfy { $0.number > $1.number }
      if token == nil || (items.count > 1 && falls) {
        return items.sorted { $0.number > $1.number }
      }
    }
    throw Failure(
      .rejected, "the list of runs is not newest first and too long to read",
      remedy: "Name the run with #RUN")
  }

  private func detail(_ id: String) async throws(Failure) -> WireRun {
    let run = try await connection.get(
      runPath(id), headers: AlibabaGateway.action("GetPipelineRun"), as: WireDetail.self
    ).pipelineRun
    if run.pipelineRunId.text != id {
      throw Failure(.unreadable, "asked for run \(id), answered run \(run.pipelineRunId.text)")
    }
    if let other = run.pipelineId?.text, other != pipeline {
      throw Failure(.unreadable, "asked for pipeline \(pipeline), answered pipeline \(other)")
    }
    return run
  }

  private func model(_ wire: WireRun) -> Run {
    var run = Run(id: wire.pipelineRunId.text, state: Self.words[wire.status])
    run.url = "https://flow.aliyun.com/pipelines/\(pipeline)/builds/\(run.id)"
    run.refs = (wire.sources ?? []).compactMap { $0.data?.branch }
    run.commits = (wire.sources ?? []).flatMap { $0.data?.commits ?? [] }
    run.createdAt = wire.createTime?.moment
    run.stages = (wire.stages ?? []).map { model($0, of: run.url) }
    run.startedAt = run.stages.compactMap(\.startedAt).min()
    if run.state.ended {
      run.finishedAt = run.stages.compactMap(\.finishedAt).max() ?? wire.updateTime?.moment
      return run
    }
    for (place, stage) in (wire.stages ?? []).enumerated() {
      for (index, job) in (stage.stageInfo?.jobs ?? []).enumerated() {
        guard let message = job.gate, !run.stages[place].jobs[index].state.ended else { continue }
        run.state = .waiting
        run.stages[place].jobs[index].state = .waiting
        run.approvals.append(
          Approval(stage: run.stages[place].name, job: job.name, url: run.url, message: message))
      }
    }
    return run
  }

  private func model(_ wire: WireStage, of url: String?) -> Stage {
    let info = wire.stageInfo
    let jobs = (info?.jobs ?? []).map { wire in
      Job(
        id: wire.id?.text ?? "", name: wire.name ?? "job", state: Self.words[wire.status], url: url,
        startedAt: wire.startTime?.moment, finishedAt: wire.endTime?.moment)
    }
    return Stage(
      name: wire.name ?? info?.name ?? "stage", state: Self.words[info?.status],
      startedAt: info?.startTime?.moment, finishedAt: info?.endTime?.moment, jobs: jobs)
  }
}

extension AliyunDevOps: Startable {
  public func start(_ order: Order) async throws(Failure) -> Found {
    if order.inputs.contains(where: { $0.key == "version" }) {
      throw Failure(.usage, "'version' is reserved by the vendor and cannot be an --input")
    }
    if order.commit != nil {
      throw Failure(
        .usage, "the vendor starts a branch or a tag, not a commit", remedy: "Use --ref")
    }
    var parameters = WireParameters()
    for input in order.inputs { parameters.envs[input.key] = input.value }
    if let ref = order.ref { try await choose(ref, in: &parameters) }
    let organizations = "/organizations/\(organization.percentEncoded)"
    let request = Request(
      .post, connection.server,
      path: "\(organizations)/pipelines/\(pipeline.percentEncoded)/run",
      headers: AlibabaGateway.action("StartPipelineRun"),
      body: [Request.Pair("params", try parameters.json())].formEncoded)
    let started: WireStarted
    do {
      started = try await connection.send(request, as: WireStarted.self)
    } catch {
      throw error.ownWord
    }
    guard let id = started.pipelineRunId?.text, let number = Int64(id), number > 0 else {
      throw Failure(.unreadable, "the answer to the trigger is no run id", address: request.address)
    }
    return Found(handle: id)
  }

  /// Names the ref for each of the pipeline's repositories, spelled as the pipeline has them.
  private func choose(_ ref: String, in parameters: inout WireParameters) async throws(Failure) {
    let answer = try await connection.get(
      pipelinePath, headers: AlibabaGateway.action("GetPipeline"), as: WirePipeline.self)
    let sources = (answer.pipeline?.pipelineConfig?.sources ?? []).compactMap(\.data)
    let repositories = sources.compactMap(\.repo)
    if repositories.isEmpty || sources.contains(where: { $0.isBranchMode == true }) {
      parameters.branchModeBranchs = [ref]
    } else if ref.hasPrefix("refs/tags/") {
      let tag = String(ref.dropFirst("refs/tags/".count))
      parameters.runningTags = Dictionary(
        repositories.map { ($0, tag) }, uniquingKeysWith: { first, _ in first })
    } else {
      parameters.runningBranchs = Dictionary(
        repositories.map { ($0, ref) }, uniquingKeysWith: { first, _ in first })
    }
  }
}

extension AliyunDevOps: Cancelable, Logged, Remembered {
  public func cancel(_ run: Run) async throws(Failure) {
    try await connection.send(
      Request(
        .put, connection.server, path: "\(runPath(run.id))/stop",
        headers: AlibabaGateway.action("StopPipelineRun")))
  }

  /// Singular all the way: the API's own spelling.
  public func log(of job: Job, in run: Run, last count: Int) async throws(Failure) -> [String] {
    let root =
      "/organization/\(organization.percentEncoded)/pipeline/\(pipeline.percentEncoded)"
      + "/pipelineRun/\(run.id.percentEncoded)"
    let answer = try await connection.get(
      "\(root)/job/\(job.id.percentEncoded)/logs",
      headers: AlibabaGateway.action("LogPipelineJobRun"), as: WireLog.self)
    return answer.log?.content?.lines(last: count) ?? []
  }

  public func durations(like run: Run) async throws(Failure) -> [Duration] {
    let answer = try await connection.get(
      "\(pipelinePath)/pipelineRuns", query: [Request.Pair("maxResults", String(Self.page))],
      headers: AlibabaGateway.action("ListPipelineRuns"), as: WireList.self)
    let items = (answer.pipelineRuns ?? []).sorted { $0.number > $1.number }
    return items.compactMap { item in
      guard item.pipelineRunId.text != run.id, Self.words[item.status ?? "SUCCESS"].ended,
        let start = item.startTime?.moment, let end = item.endTime?.moment, end > start
      else { return nil }
      return end - start
    }
  }
}

extension String {
  fileprivate var isNumber: Bool { !isEmpty && utf8.allSatisfy { (48...57).contains($0) } }
}

private struct WireList: Decodable, Sendable {
  var pipelineRuns: [WireItem]?
  var nextToken: String?
}

private struct WireItem: Decodable, Sendable {
  var pipelineRunId: WireID
  var status: String?
  var startTime: WireMilliseconds?
  var endTime: WireMilliseconds?

  /// Runs of a pipeline are numbered from 1.
  var number: Int64 { Int64(pipelineRunId.text) ?? 0 }
}

private struct WireDetail: Decodable, Sendable { var pipelineRun: WireRun }

private struct WireRun: Decodable, Sendable {
  var pipelineId: WireID?
  var pipelineRunId: WireID
  var status: String?
  var createTime: WireMilliseconds?
  var updateTime: WireMilliseconds?
  var sources: [WireSource]?
  var stages: [WireStage]?
}

private struct WireSource: Decodable, Sendable { var data: WireSourceData? }

private struct WireSourceData: Decodable, Sendable {
  var repo: String?
  var branch: String?
  var isBranchMode: Bool?
  /// Misspelled by the vendor; a commit, or a JSON text with commits in it.
  var commint: Lenient<String>?

  var commits: [String] {
    (commint?.value ?? "").split { !$0.isHexDigit }.map(String.init).filter { $0.count == 40 }
  }
}

private struct WireStage: Decodable, Sendable {
  var name: String?
  var stageInfo: WireStageInfo?
}

private struct WireStageInfo: Decodable, Sendable {
  var name: String?
  var status: String?
  var startTime: WireMilliseconds?
  var endTime: WireMilliseconds?
  var jobs: [WireJob]?
}

private struct WireJob: Decodable, Sendable {
  var id: WireID?
  var name: String?
  var status: String?
  var startTime: WireMilliseconds?
  var endTime: WireMilliseconds?
  var actions: Lenient<[WireAction]>?

  /// What a person must do, or nil. `disable` only says whether this key may do it.
  /// https://help.aliyun.com/document_detail/2360596.html
  var gate: String? {
    for action in actions?.value ?? [] {
      switch (action.type, action.displayType) {
      case ("PassPipelineValidate", _), ("RefusePipelineValidate", _),
        ("RefusePipelineValidator", _):
        let people = action.params?.value?.validators ?? []
        let whom = people.isEmpty ? "" : " by \(people.joined(separator: ", "))"
        return "\(name ?? "A job") waits for approval\(whom)."
      case (_, "CONFLICT_MERGE"):
        return "\(name ?? "A job") waits for a merge conflict to be solved."
      default: continue
      }
    }
    return nil
  }
}

private struct WireAction: Decodable, Sendable {
  struct Parameters: Decodable, Sendable { var validators: [String]? }
  var type: String?
  var displayType: String?
  var params: Lenient<Parameters>?
}

private struct WireLog: Decodable, Sendable {
  struct Log: Decodable, Sendable { var content: String? }
  var log: Log?
}

private struct WireStarted: Decodable, Sendable { var pipelineRunId: WireID? }

private struct WirePipeline: Decodable, Sendable {
  struct Pipeline: Decodable, Sendable { var pipelineConfig: Config? }
  struct Config: Decodable, Sendable { var sources: [WireSource]? }
  var pipeline: Pipeline?
}

private struct WireParameters: Encodable {
  var envs: [String: String] = [:]
  var branchModeBranchs: [String]?
  var runningBranchs: [String: String]?
  var runningTags: [String: String]?

  func json() throws(Failure) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(self) else {
      throw Failure(.fault, "the trigger could not be written as JSON")
    }
    return String(decoding: data, as: UTF8.self)
  }
}
