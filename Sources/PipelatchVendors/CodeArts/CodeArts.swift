import FoundationEssentials
public import PipelatchCore
import Synchronization

/// Huawei Cloud CodeArts Pipeline, API v5.
/// https://support.huaweicloud.com/intl/en-us/api-pipeline/ShowPipelineRunDetail.html
public struct CodeArts: Vendor {
  public static let card = VendorCard(
    name: "codearts",
    title: "Huawei Cloud CodeArts Pipeline",
    form: "REGION/PROJECT/PIPELINE",
    pages: ["https://devcloud.REGION.huaweicloud.com/cicd/project/P/pipeline/detail/PL[/RUN]"],
    credentials: HuaweiCloud.credentials,
    settings: HuaweiCloud.settings,
    notes: [
      "A trigger's --ref is a branch unless it is written refs/tags/NAME; it is chosen for every code source.",
      "A new run may be hidden from the vendor's list for minutes: --latest and --key cannot see it before.",
    ],
    documents: "https://support.huaweicloud.com/intl/en-us/api-pipeline/RunPipeline.html")

  public static let vocabularies = [runWords, partWords, stepWords, queueWords]

  static let runWords: Vocabulary = [
    "COMPLETED": .succeeded, "FAILED": .failed, "CANCELED": .canceled, "IGNORED": .skipped,
    "RUNNING": .running, "PAUSED": .waiting, "SUSPEND": .waiting,
    // In no list of the documents, but seen while a run has not begun.
    "QUEUED": .queued, "INIT": .queued,
  ]

  /// Stages and jobs.
  static let partWords: Vocabulary = [
    "INIT": .queued, "QUEUED": .queued, "RUNNING": .running, "ASYNC_RUNNING": .running,
    "REDISPATCH": .running, "PAUSED": .waiting, "SUSPEND": .waiting, "COMPLETED": .succeeded,
    "FAILED": .failed, "ASYNC_FAILED": .failed, "CANCELED": .canceled, "SKIPPED": .skipped,
    "IGNORED": .skipped, "UNSELECTED": .skipped,
  ]

  static let stepWords: Vocabulary = [
    "INIT": .queued, "RUNNING": .running, "PAUSED": .waiting, "SUSPEND": .waiting,
    "COMPLETED": .succeeded, "FAILED": .failed, "CANCELED": .canceled,
  ]

  /// The list of runs that wait for their turn.
  static let queueWords: Vocabulary = ["QUEUED": .queued, "QUEUED_TIME_OUT": .timedOut]

  /// The first part of the host's name, by region; huaweicloudsdkcodeartspipeline 3.1.219.
  private static let hosts = [
    "cn-north-1": "cloudpipeline-ext", "cn-north-4": "cloudpipeline-ext",
    "cn-south-1": "cloudpipeline-ext", "cn-south-2": "cloudpipeline-ext",
    "cn-east-2": "cloudpipeline-ext", "cn-east-3": "cloudpipeline-ext",
    "cn-southwest-2": "cloudpipeline-ext", "ap-southeast-3": "cloudpipeline-ext",
    "sa-brazil-1": "cloudpipeline-ext", "la-north-2": "cloudpipeline-ext",
    "tr-west-1": "pipeline-external", "la-south-2": "pipeline-external",
    "af-north-1": "pipeline", "me-east-1": "pipeline", "af-south-1": "pipeline",
  ]

  /// The trigger was taken and waits for its turn, for the pipeline's limit or for the tenant's.
  private static let queued: Set<String> = ["DEVPIPE.00011169", "DEVPIPE.00011170"]

  /// Codes that come with status 200 as well; a code that is not here says nothing for certain.
  private static let meanings: [String: Complaint] = {
    let limit = Complaint(
      kind: .throttled, remedy: "Nothing was started: as many runs as allowed are going already")
    let missing = Complaint(kind: .missing, remedy: "Check project and pipeline in the target")
    let stranger = Complaint(
      kind: .missing, remedy: "Check the project in the target, and that the user is its member")
    return [
      "DEVPIPE.00011104": limit, "DEVPIPE.00011105": limit,
      // Taken, but without a run to follow where even the status is an error.
      "DEVPIPE.00011169": Complaint(kind: .unreadable),
      "DEVPIPE.00011170": Complaint(kind: .unreadable),
      "DEVPIPE.00011401": missing, "DEVPIPE.00011136": missing, "DEVPIPE.00011412": stranger,
      "DEVPIPE.30021001": stranger, "DEV_21_100169": stranger, "pipeline.00060101": stranger,
      "DEVPIPE.00011203": Complaint(kind: .rejected),
      "DEVPIPE.30011001": Complaint(kind: .rejected),
      "DEVPIPE.30011011": Complaint(
        kind: .refused, remedy: "Give the user the right to view and run the pipeline"),
    ]
  }()

  /// Runs asked for at once.
  static let page = 30

  public let connection: Connection
  private let region: String
  private let project: String
  private let pipeline: String
  private let memory = Memory()

  private final class Memory: Sendable {
    /// Pages of sub-pipeline runs by the step that started them: they never change, so they are asked for once.
    let pages = Mutex<[String: String]>([:])
    /// What the list said of the run that was found in it, for what the run itself may leave out.
    let found = Mutex<Run?>(nil)
  }

  public static func check(_ target: Target) throws(Failure) {
    let sound = target.path.allSatisfy { !$0.isEmpty && !$0.contains(where: \.isWhitespace) }
    guard sound, target.path.count == 3 else { throw target.malformed(card) }
  }

  public static func target(at address: WebAddress) -> Target? {
    let host = address.server.host.split(separator: ".")
    let parts = address.parts
    guard host.count == 4, host[0] == "devcloud", host[2...] == ["huaweicloud", "com"],
      (6...7).contains(parts.count), parts[0...1] == ["cicd", "project"],
      parts[3...4] == ["pipeline", "detail"]
    else { return nil }
    return Target(
      vendor: card.name, path: [String(host[1]), parts[2], parts[5]],
      run: parts.count == 7 ? parts[6] : nil, text: "")
  }

  public static func server(
    for target: Target, settings: [String: String]
  ) throws(Failure) -> Server {
    try HuaweiCloud.server(hosts, region: target.path[0])
  }

  public init(_ site: Site) throws(Failure) {
    region = site.target.path[0]
    project = site.target.path[1]
    pipeline = site.target.path[2]
    connection = HuaweiCloud.connection(site, meanings: Self.meanings, harmless: Self.queued)
  }

  var root: String {
    "/v5/\(project.percentEncoded)/api/pipelines/\(pipeline.percentEncoded)"
  }

  func root(of run: String) -> String { "\(root)/pipeline-runs/\(run.percentEncoded)" }

  private func console(_ pipeline: String, _ run: String) -> String {
    "https://devcloud.\(region).huaweicloud.com/cicd/project/\(project)/pipeline/detail/"
      + "\(pipeline)/\(run)"
  }

  func post(_ path: String, _ body: some Encodable) throws(Failure) -> Request {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(body) else {
      throw Failure(.fault, "the request could not be written as JSON")
    }
    return Request(.post, connection.server, path: path, body: Array(data))
  }
}

extension CodeArts {
  public func find(
    _ selector: Selector, passedOver: inout Set<String>
  ) async throws(Failure) -> Found? {
    for item in try await list() {
      let id = item.pipeline_run_id
      let seen = model(item)
      if selector.admits(seen) {
        memory.found.withLock { $0 = seen }
        return Found(handle: id)
      }
      if let since = selector.since, let begun = seen.createdAt, begun < since { return nil }
      if passedOver.contains(id) { continue }
      // The list tells one source of several at most.
      let run = try await look(id)
      if selector.admits(run) { return Found(run) }
      let isTold = run.createdAt != nil && !run.refs.isEmpty && !run.commits.isEmpty
      if run.state.ended || isTold { passedOver.insert(id) }
    }
    return nil
  }

  public func look(_ handle: String) async throws(Failure) -> Run {
    do {
      return await model(try await detail(handle))
    } catch  where [.missing, .unreadable, .rejected].contains(error.kind) {
      // Nothing says what the detail of a run is that still waits for its turn; the queue tells.
      guard let record = try? await queue().first(where: { $0.pipeline_run_id == handle }) else {
        throw Self.absence(error)
      }
      var run = Run(id: handle, state: Self.queueWords[record.status])
      run.url = console(pipeline, handle)
      run.createdAt = record.enqueue_time?.moment
      return run
    }
  }

  /// The codes for a run that is not there are in no list of the documents, so the sentence next to them tells.
  private static func absence(_ failure: Failure) -> Failure {
    let said = ["no record", "not exist", "not found", "不存在"].contains { failure.what.contains($0) }
    guard failure.kind == .rejected || (failure.code != nil && said) else { return failure }
    var failure = failure
    failure.kind = .missing
    failure.remedy = failure.remedy ?? "Check the run in the target"
    return failure
  }

  /// The newest runs, newest first.
  func list(_ states: [String]? = nil) async throws(Failure) -> [WireItem] {
    let query = WireQuery(limit: Self.page, status: states)
    let request = try post("\(root)/pipeline-runs/list", query)
    let answer = try await connection.send(request, as: WireList.self)
    let items = answer.pipeline_runs ?? []
    // Asked for in this order already; a run without a number would come out as the oldest.
    if items.contains(where: { $0.number == 0 }) { return items }
    return items.sorted { $0.number > $1.number }
  }

  func queue() async throws(Failure) -> [WireRecord] {
    let query = [Request.Pair("limit", "100"), Request.Pair("offset", "0")]
    return try await connection.get(
      "\(root)/queued-pipeline", query: query, as: WireQueue.self
    ).queuedPipelines
  }

  /// The newest run where `id` is nil.
  func detail(_ id: String?) async throws(Failure) -> WireRun {
    let query = id.map { [Request.Pair("pipeline_run_id", $0)] } ?? []
    let run = try await connection.get(
      "\(root)/pipeline-runs/detail", query: query, as: WireRun?.self)
    guard let run, run.id != nil || run.isSomething else {
      throw Failure(.missing, "the vendor has no record of \(id.map { "run \($0)" } ?? "any run")")
    }
    guard let answered = run.id else { throw Failure(.unreadable, "the answer names no run") }
    if let id, answered != id {
      throw Failure(.unreadable, "asked for run \(id), answered run \(answered)")
    }
    if let other = run.pipeline_id, other != pipeline {
      throw Failure(.unreadable, "asked for pipeline \(pipeline), answered pipeline \(other)")
    }
    return run
  }

  private func model(_ item: WireItem) -> Run {
    var run = Run(id: item.pipeline_run_id, state: Self.runWords[item.status])
    run.refs = [item.build_params?.value?.ref].compactMap { $0 }
    run.commits = [item.build_params?.value?.commit].compactMap { $0 }
    run.createdAt = item.start_time?.moment
    return run
  }

  func model(_ wire: WireRun) async -> Run {
    var run = Run(id: wire.id ?? "", state: Self.runWords[wire.status])
    run.url = console(pipeline, run.id)
    let builds = (wire.sources?.value ?? []).compactMap { $0.params?.build_params?.value }
    run.refs = builds.compactMap(\.ref)
    run.commits = builds.compactMap(\.commit)
    run.createdAt = wire.start_time?.moment
    run.startedAt = wire.start_time?.moment
    if let found = memory.found.withLock({ $0 }), found.id == run.id {
      if run.refs.isEmpty { run.refs = found.refs }
      if run.commits.isEmpty { run.commits = found.commits }
      run.createdAt = run.createdAt ?? found.createdAt
    }
    let links = await links(in: wire)
    for stage in wire.stages ?? [] {
      let stage = model(stage, links, ended: run.state.ended, into: &run)
      run.stages.append(stage)
    }
    if run.state.ended {
      run.finishedAt = wire.end_time?.moment
      run.approvals = []
    } else if run.state == .waiting, run.approvals.isEmpty {
      run.approvals = [Approval(url: run.url, message: "The run is paused until it is resumed.")]
    } else if !run.approvals.isEmpty {
      run.state = .waiting
    }
    return run
  }

  /// Once the run has ended, what has not begun never will, though the vendor goes on to say INIT.
  private func model(
    _ wire: WireStage, _ links: [String: String], ended: Bool, into run: inout Run
  ) -> Stage {
    func state(_ word: String?) -> State {
      let state = Self.partWords[word]
      return ended && state == .queued ? .skipped : state
    }
    let name = wire.name ?? "stage"
    var stage = Stage(
      name: name, state: state(wire.status), startedAt: wire.start_time?.moment,
      finishedAt: wire.end_time?.moment)
    let before = run.approvals.count
    for wire in wire.jobs ?? [] {
      let steps = wire.steps ?? []
      var job = Job(
        id: wire.id?.text ?? "", name: wire.name ?? "job", state: state(wire.status),
        url: steps.compactMap { links[$0.id?.text ?? ""] }.first ?? run.url,
        startedAt: wire.start_time?.moment, finishedAt: wire.end_time?.moment,
        // Whoever started it did not wait for it: the run's own word tells whether it counts.
        mayFail: wire.status == "ASYNC_FAILED")
      if steps.contains(where: \.waits), !job.state.ended { job.state = .waiting }
      if job.state == .waiting {
        let message = "\(job.name) waits for a person: a review, a checkpoint or a delay."
        run.approvals.append(
          Approval(stage: name, job: job.name, url: run.url, message: message))
      }
      if job.state == .failed, let reason = wire.reason {
        run.notes.append("\(job.name): \(reason)")
      }
      stage.jobs.append(job)
    }
    if wire.jobs == nil { stage.standAlone(at: run.url) }
    if (wire.pre ?? []).contains(where: \.waits), !stage.state.ended { stage.state = .waiting }
    if stage.state == .waiting, run.approvals.count == before {
      run.approvals.append(
        Approval(stage: name, url: run.url, message: "Stage \(name) waits for a person."))
    }
    return stage
  }

  /// The pages of the run's sub-pipelines by step. No verdict depends on them, so a failure to get them is none.
  private func links(in run: WireRun) async -> [String: String] {
    let known = memory.pages.withLock { $0 }
    let steps = run.jobs.flatMap { $0.steps ?? [] }
    let new = steps.filter(\.hasChild).compactMap(\.id?.text).filter { known[$0] == nil }
    guard !new.isEmpty, let id = run.id else { return known }
    let query = [Request.Pair("step_run_ids", new.joined(separator: ","))]
    let path = "\(root(of: id))/steps/outputs"
    guard let answer = try? await connection.get(path, query: query, as: WireOutputs.self) else {
      return known
    }
    for step in answer.step_outputs ?? [] {
      guard let id = step.step_run_id, let run = step["pipeline_run_id"] else { continue }
      let page = console(step["pipeline_id"] ?? pipeline, run)
      memory.pages.withLock { $0[id] = page }
    }
    return memory.pages.withLock { $0 }
  }
}
