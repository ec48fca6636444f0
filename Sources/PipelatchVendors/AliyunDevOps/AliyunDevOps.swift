import FoundationEssentials
public import PipelatchCore
import Synchronization

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
  private let memory = Memory()

  private final class Memory: Sendable {
    /// The pipeline is known to integrate branches, so that its source's branch is not the one that was asked for.
    let integrates = Mutex(false)
  }

  public static func check(_ target: Target) throws(Failure) {
    guard target.path.count == 2, !target.path[0].isEmpty, target.path[1].isNumber,
      target.run?.isNumber ?? true
    else { throw target.malformed(card, "PIPELINE and RUN are numbers") }
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
      let wire = try await detail(id)
      let run = model(wire)
      if selector.admits(run) { return Found(run) }
      if wire.settled { passedOver.insert(id) }
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
      if let odd = items.first(where: { $0.number <= 0 }) {
        throw Failure(.unreadable, "'\(odd.pipelineRunId.text)' in the list is no number of a run")
      }
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

  private func detail(_ id: String) async throws(Failure) -> AliyunDevOpsRun {
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

  private func model(_ wire: AliyunDevOpsRun) -> Run {
    wire.model(
      url: "https://flow.aliyun.com/pipelines/\(pipeline)/builds/\(wire.pipelineRunId.text)",
      integrates: memory.integrates.withLock { $0 })
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

  /// None where the pipeline's configuration is not to be had: the vendor's own client then takes it for one that integrates
  /// branches, too.
  private func sources() async throws(Failure) -> [AliyunDevOpsRun.Source.Content] {
    do {
      let answer = try await connection.get(
        pipelinePath, headers: AlibabaGateway.action("GetPipeline"), as: WirePipeline.self)
      return (answer.pipeline?.pipelineConfig?.sources ?? []).compactMap(\.data)
    } catch  where error.kind == .missing {
      return []
    }
  }

  /// Names the ref for each of the pipeline's repositories, spelled as the pipeline has them.
  private func choose(_ ref: String, in parameters: inout WireParameters) async throws(Failure) {
    let sources = try await sources()
    let repositories = sources.compactMap(\.repo)
    let integrates = repositories.isEmpty || sources.contains { $0.isBranchMode == true }
    memory.integrates.withLock { $0 = integrates }
    let everywhere = { (name: String) in
      Dictionary(repositories.map { ($0, name) }, uniquingKeysWith: { first, _ in first })
    }
    switch (ref.after("refs/tags/"), ref.after("refs/heads/") ?? ref) {
    case (_?, _) where integrates:
      throw Failure(.usage, "pipeline \(pipeline) integrates branches and starts no tag")
    case (let tag?, _): parameters.runningTags = everywhere(tag)
    case (nil, let branch) where integrates: parameters.branchModeBranchs = [branch]
    case (nil, let branch): parameters.runningBranchs = everywhere(branch)
    }
  }
}

extension AliyunDevOps: Cancelable, Logged, Remembered {
  public func cancel(_ run: Run) async throws(Failure) {
    let answer = try await connection.send(
      Request(
        .put, connection.server, path: "\(runPath(run.id))/stop",
        headers: AlibabaGateway.action("StopPipelineRun")), as: WireDone.self)
    guard answer.success == true else {
      throw Failure(.rejected, "the vendor did not cancel run \(run.id)")
    }
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
      guard item.pipelineRunId.text != run.id, item.status.map({ Self.words[$0].ended }) ?? true,
        let start = item.startTime?.moment, let end = item.endTime?.moment, end > start
      else { return nil }
      return end - start
    }
  }
}

extension String {
  fileprivate var isNumber: Bool { !isEmpty && utf8.allSatisfy { (48...57).contains($0) } }

  /// What follows the prefix, or nil where there is none.
  fileprivate func after(_ prefix: String) -> String? {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
  }
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

private struct WireDetail: Decodable, Sendable { var pipelineRun: AliyunDevOpsRun }

private struct WireLog: Decodable, Sendable {
  struct Log: Decodable, Sendable { var content: String? }
  var log: Log?
}

private struct WireDone: Decodable, Sendable { var success: Bool? }

private struct WireStarted: Decodable, Sendable { var pipelineRunId: WireID? }

private struct WirePipeline: Decodable, Sendable {
  struct Pipeline: Decodable, Sendable { var pipelineConfig: Config? }
  struct Config: Decodable, Sendable { var sources: [AliyunDevOpsRun.Source]? }
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
