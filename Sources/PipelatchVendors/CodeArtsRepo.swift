import FoundationEssentials
public import PipelatchCore

/// Huawei Cloud CodeArts Repo: a pipeline as the repository sees it, by the jobs reported to it.
/// https://support.huaweicloud.com/intl/en-us/api-codeartsrepo/ListLatestPipelineJobs.html
public struct CodeArtsRepo: Vendor {
  public static let card = VendorCard(
    name: "codearts-repo",
    title: "Huawei Cloud CodeArts Repo",
    form: "REGION/REPOSITORY/PIPELINE",
    credentials: HuaweiCloud.credentials,
    settings: HuaweiCloud.settings,
    notes: [
      "PIPELINE is the number of one run in the repository: --latest, a #RUN and a --commit mean that run or none."
    ],
    startsElsewhere:
      "Trigger codearts:REGION/PROJECT/PIPELINE, which also sees a pipeline's jobs before they are reported",
    documents:
      "https://support.huaweicloud.com/intl/en-us/api-codeartsrepo/ListLatestPipelineJobs.html")

  public static let vocabularies = [words]

  /// The same for a run, its stages and its jobs.
  static let words: Vocabulary = [
    "pending": .queued, "running": .running, "success": .succeeded, "failed": .failed,
    "canceled": .canceled, "skipped": .skipped, "timedout": .timedOut,
  ]

  /// The first part of the host's name, by region; huaweicloudsdkcodeartsrepo 3.1.219.
  private static let hosts = [
    "cn-north-1": "codehub-ext", "cn-north-4": "codehub-ext", "cn-south-1": "codehub-ext",
    "cn-south-2": "codehub-ext", "cn-east-2": "codehub-ext", "cn-east-3": "codehub-ext",
    "cn-southwest-2": "codehub-ext", "sa-brazil-1": "codehub-ext", "la-north-2": "codehub-ext",
    "ap-southeast-3": "codehub-ext", "la-south-2": "codeartsrepo-ext",
    "tr-west-1": "codeartsrepo-ext", "eu-west-101": "codeartsrepo-ext", "me-east-1": "repo",
    "af-south-1": "repo", "af-north-1": "repo",
  ]

  /// For answers whose status does not say it.
  private static let meanings = [
    "CH.00000002": Complaint(kind: .refused), "CH.00402000": Complaint(kind: .missing),
  ]

  public let connection: Connection
  private let repository: String
  private let pipeline: String

  public static func check(_ target: Target) throws(Failure) {
    guard target.path.count == 3, !target.path[0].isEmpty,
      target.path.dropFirst().allSatisfy({ Int($0).map { $0 > 0 } ?? false })
    else { throw target.malformed(card, "REPOSITORY and PIPELINE are numbers") }
    if let run = target.run, run != target.path[2] { throw foreign(run, target.path[2]) }
  }

  public static func target(at address: WebAddress) -> Target? { nil }

  public static func server(
    for target: Target, settings: [String: String]
  ) throws(Failure) -> Server {
    try HuaweiCloud.server(hosts, region: target.path[0])
  }

  public init(_ site: Site) throws(Failure) {
    repository = site.target.path[1]
    pipeline = site.target.path[2]
    connection = HuaweiCloud.connection(site, meanings: Self.meanings)
  }

  private static func foreign(_ run: String, _ pipeline: String) -> Failure {
    Failure(
      .usage, "\(run) is no run of pipeline \(pipeline), which is itself one run",
      remedy: "Write codearts-repo:REGION/REPOSITORY/\(run), or leave #RUN out")
  }
}

extension CodeArtsRepo {
  public func find(
    _ selector: Selector, passedOver: inout Set<String>
  ) async throws(Failure) -> Found? {
    let run = try await look(pipeline)
    return selector.admits(run) ? Found(run) : nil
  }

  public func look(_ handle: String) async throws(Failure) -> Run {
    guard handle == pipeline else { throw Self.foreign(handle, pipeline) }
    let wire = try await connection.get(
      "/v4/repositories/\(repository)/pipelines/\(pipeline)/latest-jobs", as: WirePipeline.self)
    guard wire.id.text == pipeline else {
      throw Failure(
        .unreadable, "asked for pipeline \(pipeline), answered pipeline \(wire.id.text)")
    }
    return model(wire)
  }

  private func model(_ wire: WirePipeline) -> Run {
    var run = Run(id: wire.id.text, state: Self.words[wire.status])
    let jobs = (wire.stages ?? []).flatMap { $0.jobs ?? [] }
    run.url = jobs.compactMap(\.page).first
    run.refs = jobs.compactMap(\.ref?.value).distinct
    run.commits = jobs.compactMap(\.sha?.value).distinct
    run.createdAt = jobs.compactMap { moment($0.created_at) }.min()
    run.startedAt = jobs.compactMap { moment($0.started_at) }.min()
    if run.state.ended { run.finishedAt = jobs.compactMap { moment($0.finished_at) }.max() }
    run.stages = (wire.stages ?? []).map(model)
    return run
  }

  private func model(_ wire: WireStage) -> Stage {
    let jobs = (wire.jobs ?? []).map { job in
      Job(
        id: job.id?.text ?? "", name: job.name ?? "job", state: Self.words[job.status],
        url: job.page, startedAt: moment(job.started_at), finishedAt: moment(job.finished_at))
    }
    let state = Self.words[wire.status]
    var stage = Stage(
      name: wire.name ?? "stage", state: state, startedAt: jobs.compactMap(\.startedAt).min(),
      finishedAt: state.ended ? jobs.compactMap(\.finishedAt).max() : nil, jobs: jobs)
    if wire.jobs == nil { stage.standAlone(at: nil) }
    return stage
  }

  private func moment(_ text: Lenient<String>?) -> Timestamp? {
    text?.value.flatMap(Timestamp.init(iso8601:))
  }
}

extension [String] {
  /// Each text once, in the order of its first place, without empty ones.
  fileprivate var distinct: [String] {
    reduce(into: []) { if !$1.isEmpty, !$0.contains($1) { $0.append($1) } }
  }
}

private struct WirePipeline: Decodable, Sendable {
  var id: WireID
  var status: String?
  var stages: [WireStage]?
}

/// `sort_id` is left out: it is null where the documents show it, and the list is in order.
private struct WireStage: Decodable, Sendable {
  var name: String?
  var status: String?
  var jobs: [WireJob]?
}

private struct WireJob: Decodable, Sendable {
  var id: WireID?
  var name: String?
  var status: String?
  var sha: Lenient<String>?
  var ref: Lenient<String>?
  var target_url: Lenient<String>?
  var created_at: Lenient<String>?
  var started_at: Lenient<String>?
  var finished_at: Lenient<String>?

  /// The documents' own example ends in a quote that belongs to no address.
  var page: String? {
    guard var text = target_url?.value else { return nil }
    while let last = text.last, last == "\"" || last.isWhitespace { text.removeLast() }
    return text.hasPrefix("https://") || text.hasPrefix("http://") ? text : nil
  }
}
