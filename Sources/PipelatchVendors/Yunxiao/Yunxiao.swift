import FoundationEssentials
public import PipelatchCore
import Synchronization

/// Alibaba Cloud DevOps (Yunxiao) Flow, the API with a personal access token.
/// https://www.alibabacloud.com/help/en/yunxiao/developer-reference/getlatestpipelinerun
public struct Yunxiao: Vendor {
  public static let card = VendorCard(
    name: "yunxiao",
    title: "Alibaba Cloud DevOps (Yunxiao) Flow",
    form: "ORG/PIPELINE",
    pages: [
      "https://flow.aliyun.com/pipelines/P/builds/R", "https://flow.aliyun.com/pipelines/P/current",
    ],
    credentials: [.token(["YUNXIAO_ACCESS_TOKEN"])],
    settings: [
      Setting("YUNXIAO_API_BASE_URL", "the server, as --server"),
      Setting("YUNXIAO_EDITION", "central or region; else PATH tells"),
      Setting("YUNXIAO_ORGANIZATION_ID", "the organization of a web address"),
    ],
    notes: [
      "Region edition: the target is PIPELINE alone, with --server.",
      "The run list names no branch, so --ref and --commit read each candidate once.",
      "--ref, --commit and --key look among the newest 30 runs.",
    ],
    documents: "https://help.aliyun.com/zh/yunxiao/developer-reference/pipeline-running-instance")

  public static let vocabularies = [words]

  static let words: Vocabulary = [
    "SUCCESS": .succeeded,
    "FAIL": .failed, "FAILED": .failed, "ERROR": .failed,
    "CANCELED": .canceled, "CANCELLED": .canceled,
    "SKIP": .skipped, "SKIPPED": .skipped,
    "RUNNING": .running, "CANCELLING": .running,
    // Waiting for a runner or for its turn as well as for a person: a job's actions tell a gate, not this word.
    "WAITING": .queued, "QUEUED": .queued, "PENDING": .queued, "INIT": .queued,
    "SWITCH_MANUAL": .waiting,
  ]

  static let central = Server(host: "openapi-rdc.aliyuncs.com")
  private static let keyVariable = "PIPELATCH_KEY"
  /// The vendor's largest page.
  private static let page = 30

  public let connection: Connection
  private let pipeline: String
  private let edition: Edition

  private enum Edition: Sendable {
    case region
    case central(organization: String)
    /// A web address names no organization; the token's only one is meant.
    case asked(Answer)

    final class Answer: Sendable {
      let organization = Mutex<String?>(nil)
    }
  }

  public static func check(_ target: Target) throws(Failure) {
    let whole = target.path.allSatisfy { !$0.isEmpty }
    guard whole, (1...2).contains(target.path.count), target.path.last?.isNumber == true,
      target.run?.isNumber ?? true
    else { throw target.malformed(card, "PIPELINE and RUN are numbers") }
  }

  public static func target(at address: WebAddress) -> Target? {
    guard address.server.host == "flow.aliyun.com", address.parts.count >= 2,
      address.parts[0] == "pipelines"
    else { return nil }
    let run = address.parts.count >= 4 && address.parts[2] == "builds" ? address.parts[3] : nil
    return Target(vendor: card.name, path: [address.parts[1]], run: run, text: "")
  }

  public static func server(
    for target: Target, settings: [String: String]
  ) throws(Failure) -> Server {
    if let base = settings["YUNXIAO_API_BASE_URL"] { return try Server(base) }
    let named = target.path.count == 2 || target.isPage
    guard named else {
      throw Failure(
        .usage, "'\(target.text)' names no organization",
        remedy: "Write yunxiao:ORG/PIPELINE, or add --server for the region edition")
    }
    return central
  }

  public init(_ site: Site) throws(Failure) {
    let path = site.target.path
    pipeline = path[path.count - 1]
    switch (site.settings["YUNXIAO_EDITION"]?.lowercased(), path.count) {
    case ("region", _): edition = .region
    case (nil, 2), ("central", 2): edition = .central(organization: path[0])
    case (nil, _) where site.server != Self.central: edition = .region
    case (nil, _), ("central", _):
      let organization = site.settings["YUNXIAO_ORGANIZATION_ID"]
      edition = organization.map { .central(organization: $0) } ?? .asked(Edition.Answer())
    case (let other, _):
      throw Failure(
        .notConfigured, "YUNXIAO_EDITION is '\(other ?? "")'", remedy: "Set it to central or region"
      )
    }
    connection = Connection(site, authorize: Self.authorize, explain: Self.explain)
  }

  private static let authorize: Connection.Authorize = { request, credential in
    request.set("Accept", "application/json")
    request.set("Content-Type", "application/json")
    if case .token(let token, _) = credential { request.set("x-yunxiao-token", token.revealed()) }
  }

  /// https://www.alibabacloud.com/help/en/yunxiao/developer-reference/error-code-center
  private static let explain: Connection.Explain = { response in
    guard response.status >= 400 else { return nil }
    let body = try? JSONDecoder().decode(WireError.self, from: Data(response.body))
    let scopes =
      "Give the token 'pipeline run instance' rights (read-only to wait, read-write to trigger) at "
      + "https://account-devops.aliyun.com/settings/personalAccessToken"
    return Complaint(
      code: body?.errorCode,
      message: body?.errorMessage ?? body?.errorDescription ?? body?.message,
      remedy: response.status == 403 ? scopes : nil)
  }

  /// The pipeline's address: with the organization in the central edition, without in the region edition.
  private func root() async throws(Failure) -> String {
    let organization: String
    switch edition {
    case .region: return "/oapi/v1/flow/pipelines/\(pipeline.percentEncoded)"
    case .central(let id): organization = id
    case .asked(let answer):
      if let known = answer.organization.withLock({ $0 }) {
        organization = known
      } else {
        organization = try await onlyOrganization()
        answer.organization.withLock { $0 = organization }
      }
    }
    return "/oapi/v1/flow/organizations/\(organization.percentEncoded)"
      + "/pipelines/\(pipeline.percentEncoded)"
  }

  private func onlyOrganization() async throws(Failure) -> String {
    let all = try await connection.get(
      "/oapi/v1/platform/organizations", as: [WireOrganization].self)
    guard all.count == 1, let only = all.first else {
      throw Failure(
        .notConfigured, "the token belongs to \(all.count) organizations",
        remedy: "Set YUNXIAO_ORGANIZATION_ID, or write yunxiao:ORG/\(pipeline)")
    }
    return only.id.text
  }
}

extension Yunxiao {
  public func find(
    _ selector: Selector, passedOver: inout Set<String>
  ) async throws(Failure) -> Found? {
    if selector.ref == nil, selector.commit == nil {
      guard let run = try await latest(), selector.admits(run) else { return nil }
      return Found(run)
    }
    return try await newest(passedOver: &passedOver) { selector.admits($0.run) }
  }

  public func look(_ handle: String) async throws(Failure) -> Run {
    try await detail(handle).run
  }

  /// Nil where the pipeline exists and has never run.
  private func latest() async throws(Failure) -> Run? {
    let root = try await root()
    do {
      let run = try await connection.get(
        root + "/runs/latestPipelineRun", as: YunxiaoRun?.self)
      return try run.map { (run) throws(Failure) in model(try verified(run, as: nil)) }
    } catch  where error.kind == .missing {
      // The same 404 says "no such pipeline" and "no run yet"; the list tells them apart, and may know one by now.
      guard let newest = try await list(1).first else { return nil }
      return try await detail(newest.pipelineRunId.text).run
    }
  }

  private func list(_ count: Int) async throws(Failure) -> [WireItem] {
    let query = [Request.Pair("perPage", String(count)), Request.Pair("page", "1")]
    let items = try await connection.get(
      try await root() + "/runs", query: query, as: [WireItem].self)
    return items.sorted { ($0.number ?? 0) > ($1.number ?? 0) }
  }

  private func newest(
    passedOver: inout Set<String>, where matches: (Detail) -> Bool
  ) async throws(Failure) -> Found? {
    for item in try await list(Self.page) where !passedOver.contains(item.pipelineRunId.text) {
      let detail = try await detail(item.pipelineRunId.text)
      if matches(detail) { return Found(detail.run) }
      if detail.wire.settled { passedOver.insert(item.pipelineRunId.text) }
    }
    return nil
  }

  /// A run as Flow writes it and as we do.
  private struct Detail: Sendable {
    var wire: YunxiaoRun
    var run: Run
  }

  private func detail(_ id: String) async throws(Failure) -> Detail {
    let path = try await root() + "/runs/\(id.percentEncoded)"
    return try await connection.get(path, as: YunxiaoRun.self) { (wire) throws(Failure) in
      Detail(wire: try verified(wire, as: id), run: model(wire))
    }
  }

  /// Refuses an answer about another run or pipeline.
  private func verified(_ run: YunxiaoRun, as id: String?) throws(Failure) -> YunxiaoRun {
    guard let number = Int64(run.pipelineRunId.text), number > 0 else {
      throw Failure(.unreadable, "'\(run.pipelineRunId.text)' is no number of a run")
    }
    if let id, run.pipelineRunId.text != id {
      throw Failure(.unreadable, "asked for run \(id), answered run \(run.pipelineRunId.text)")
    }
    if let other = run.pipelineId?.text, other != pipeline {
      throw Failure(.unreadable, "asked for pipeline \(pipeline), answered pipeline \(other)")
    }
    return run
  }

  private func model(_ wire: YunxiaoRun) -> Run {
    wire.model(url: page(of: wire.pipelineRunId.text))
  }

  /// The region edition shows its pages on its own server.
  private func page(of run: String) -> String {
    var host = "https://flow.aliyun.com"
    if case .region = edition, connection.server != Self.central { host = connection.server.text }
    return "\(host)/pipelines/\(pipeline)/builds/\(run)"
  }
}

extension Yunxiao: Markable {
  public func start(_ order: Order) async throws(Failure) -> Found {
    if order.inputs.contains(where: { $0.key == "version" }) {
      throw Failure(.usage, "'version' is reserved by Yunxiao and cannot be an --input")
    }
    if order.commit != nil {
      throw Failure(.usage, "Yunxiao starts a branch or a tag, not a commit", remedy: "Use --ref")
    }
    var parameters = WireParameters()
    for input in order.inputs { parameters.envs[input.key] = input.value }
    if let key = order.key {
      parameters.comment = Self.mark(key)
      parameters.envs[Self.keyVariable] = key
    }
    if let ref = order.ref { try await choose(ref, in: &parameters) }
    // A JSON text inside JSON: a nested object would be ignored, and the default branch built.
    let text = try Self.json(parameters)
    var request = Request(.post, connection.server, path: try await root() + "/runs")
    request.body = Array(try Self.json(["params": text]).utf8)
    let id = try await connection.send(request, as: WireID.self)
    guard let number = Int64(id.text), number > 0 else {
      throw Failure(.unreadable, "the answer to the trigger is no run id", address: request.address)
    }
    return Found(handle: id.text)
  }

  public func find(
    marked key: String, passedOver: inout Set<String>
  ) async throws(Failure) -> Found? {
    try await newest(passedOver: &passedOver) { detail in
      detail.wire.variables.contains { $0.key == Self.keyVariable && $0.value?.value == key }
        || detail.wire.parameters.contains(Self.mark(key))
    }
  }

  /// None where the pipeline's configuration is not to be had: the vendor's own client then takes it for one that integrates
  /// branches, too.
  private func sources() async throws(Failure) -> [YunxiaoRun.Source.Content] {
    let root = try await root()
    do {
      let pipeline = try await connection.get(root, as: WirePipeline.self)
      return (pipeline.pipelineConfig?.sources ?? []).compactMap(\.data)
    } catch  where error.kind == .missing {
      return []
    }
  }

  /// Names the ref for each of the pipeline's repositories, spelled as the pipeline has them.
  private func choose(_ ref: String, in parameters: inout WireParameters) async throws(Failure) {
    let sources = try await sources()
    let repositories = sources.compactMap(\.repo)
    let branchMode = repositories.isEmpty || sources.contains { $0.isBranchMode == true }
    let everywhere = { (name: String) in
      Dictionary(repositories.map { ($0, name) }, uniquingKeysWith: { first, _ in first })
    }
    switch (ref.after("refs/tags/"), ref.after("refs/heads/") ?? ref) {
    case (_?, _) where branchMode:
      throw Failure(.usage, "pipeline \(self.pipeline) integrates branches and starts no tag")
    case (let tag?, _): parameters.runningTags = everywhere(tag)
    case (nil, let branch) where branchMode: parameters.branchModeBranchs = [branch]
    case (nil, let branch): parameters.runningBranchs = everywhere(branch)
    }
  }

  private static func mark(_ key: String) -> String { "pipelatch:\(key)" }

  private static func json(_ value: some Encodable) throws(Failure) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else {
      throw Failure(.fault, "the trigger could not be written as JSON")
    }
    return String(decoding: data, as: UTF8.self)
  }
}

extension Yunxiao: Cancelable, Logged, Remembered {
  /// The operation is called UpdatePipelineRun and has no body.
  public func cancel(_ run: Run) async throws(Failure) {
    let request = Request(
      .put, connection.server, path: try await root() + "/runs/\(run.id.percentEncoded)")
    let answer = try await connection.send(request)
    guard ["true", "\"true\""].contains(answer.text.filter { !$0.isWhitespace }) else {
      throw Failure(.rejected, "the vendor did not cancel run \(run.id)")
    }
  }

  public func log(of job: Job, in run: Run, last count: Int) async throws(Failure) -> [String] {
    let log = try await connection.get(
      try await root()
        + "/runs/\(run.id.percentEncoded)/job/\(job.id.percentEncoded)/log", as: WireLog.self)
    return log.content?.lines(last: count) ?? []
  }

  public func durations(like run: Run) async throws(Failure) -> [Duration] {
    try await list(Self.page).compactMap { item in
      // The documents leave the status of a list item out; its end tells enough.
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

extension Target {
  fileprivate var isPage: Bool { text.hasPrefix("https://") || text.hasPrefix("http://") }
}

private struct WireError: Decodable {
  var errorCode: String?
  var errorMessage: String?
  var errorDescription: String?
  var message: String?
}

private struct WireOrganization: Decodable, Sendable { var id: WireID }

private struct WireItem: Decodable, Sendable {
  var pipelineRunId: WireID
  var status: String?
  var startTime: WireMilliseconds?
  var endTime: WireMilliseconds?
  var number: Int64? { Int64(pipelineRunId.text) }
}

private struct WireLog: Decodable, Sendable { var content: String? }

private struct WirePipeline: Decodable, Sendable {
  struct Config: Decodable, Sendable { var sources: [YunxiaoRun.Source]? }
  var pipelineConfig: Config?
}

private struct WireParameters: Encodable {
  var envs: [String: String] = [:]
  var comment: String?
  var branchModeBranchs: [String]?
  var runningBranchs: [String: String]?
  var runningTags: [String: String]?
}
