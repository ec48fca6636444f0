import FoundationEssentials
public import PipelatchCore

/// GitLab CI/CD, on gitlab.com and self-managed, by the REST API v4.
/// https://docs.gitlab.com/api/pipelines/
public struct GitLab: Vendor {
  public static let card = VendorCard(
    name: "gitlab",
    title: "GitLab CI/CD",
    form: "GROUP/.../PROJECT",
    pages: ["https://HOST/G/P/-/pipelines/ID"],
    credentials: [.token(["GITLAB_TOKEN", "CI_JOB_TOKEN"])],
    settings: [
      Setting("CI_API_V4_URL", "the server, as --server; GitLab sets it in its jobs"),
      Setting("CI_SERVER_URL", "the same, where CI_API_V4_URL is not set"),
      Setting("CI_PROJECT_PATH", "the project of a target without PATH, as in gitlab:@main"),
    ],
    notes: [
      "PATH may be the project's number, too.",
      "--input KEY=VALUE is a variable; --input inputs.KEY=VALUE is an input, and"
        + " --input inputs.KEY:=JSON one that is a number, a boolean or an array.",
      "Pipelines that a run starts count as the run's own unless the job that starts them may fail.",
      "CI_JOB_TOKEN starts pipelines by trigger; only the newest servers let it read them, and none"
        + " lets it cancel or read variables or a job's trace.",
      "--key is found among the project's fifty newest pipelines started by API, whose variables"
        + " the token must be allowed to read: its own as Developer, others' as Maintainer.",
      "A --commit of less than forty digits is looked for among the hundred newest pipelines.",
    ],
    documents: "https://docs.gitlab.com/api/pipelines/")

  public static let vocabularies = [words, reasons]

  /// https://docs.gitlab.com/api/pipelines/#list-project-pipelines, complete by `has_status.rb`; jobs have the same.
  static let words: Vocabulary = [
    "created": .queued, "waiting_for_resource": .queued, "preparing": .queued,
    "waiting_for_callback": .queued, "pending": .queued,
    // A delayed job's timer runs; nobody has to act.
    "scheduled": .queued,
    "running": .running, "canceling": .running,
    "manual": .waiting,
    "success": .succeeded, "failed": .failed, "canceled": .canceled, "skipped": .skipped,
  ]

  /// Why GitLab ended a job that it calls failed, where that was for a time limit.
  static let reasons: Vocabulary = [
    "job_execution_timeout": .timedOut, "job_execution_server_timeout": .timedOut,
    "server_timeout_running": .timedOut, "server_timeout_canceling": .timedOut,
    "stuck_or_timeout_failure": .timedOut, "stuck_pending_with_matching_runners": .timedOut,
    "stuck_pending_no_matching_runners": .timedOut, "no_updates_running": .timedOut,
    "no_updates_canceling": .timedOut,
  ]

  private static let keyVariable = "PIPELATCH_KEY"

  public let connection: Connection
  let pass: GitLabPass
  /// The project as a segment of a path: its number, or its path with `%2F`.
  let project: String

  public static func check(_ target: Target) throws(Failure) {
    let path = target.path
    let whole = path.allSatisfy { !$0.isEmpty } && (path.count >= 2 || path[0].isNumber)
    guard whole || path == [""], target.run?.isNumber ?? true else {
      throw target.malformed(card, "a project has a group, and RUN is a number")
    }
  }

  public static func target(at address: WebAddress) -> Target? {
    let parts = address.parts
    guard let dash = parts.firstIndex(of: "-"), dash >= 2, parts.count > dash + 1,
      parts[dash + 1] == "pipelines"
    else { return nil }
    let run = parts.count > dash + 2 ? parts[dash + 2] : nil
    return Target(
      vendor: card.name, path: Array(parts[..<dash]), run: run, server: address.server, text: "")
  }

  public static func server(
    for target: Target, settings: [String: String]
  ) throws(Failure) -> Server {
    try home(settings) ?? Server(host: "gitlab.com")
  }

  /// The server whose job this process runs in.
  private static func home(_ settings: [String: String]) throws(Failure) -> Server? {
    guard let text = settings["CI_API_V4_URL"] ?? settings["CI_SERVER_URL"] else { return nil }
    return bare(try Server(text))
  }

  private static func bare(_ server: Server) -> Server {
    var server = server
    if server.path.hasSuffix("/api/v4") { server.path.removeLast("/api/v4".count) }
    return server
  }

  public init(_ site: Site) throws(Failure) {
    var site = site
    site.server = Self.bare(site.server)
    let pass = GitLabPass(site.wallet.credential)
    if case .job = pass, let home = try Self.home(site.settings),
      home.origin != site.server.origin
    {
      throw Failure(
        .notConfigured, "CI_JOB_TOKEN belongs to \(home.origin), not to \(site.server.origin)",
        remedy: "Set GITLAB_TOKEN to an access token of \(site.server.origin)")
    }
    self.pass = pass
    project = try Self.project(of: site).percentEncoded
    connection = Connection(
      site, authorize: Self.authorize, explain: { Self.explain($0, to: pass) })
  }

  private static func project(of site: Site) throws(Failure) -> String {
    var path = site.target.path
    if path == [""] {
      guard let here = site.settings["CI_PROJECT_PATH"], !here.isEmpty else {
        throw Failure(
          .notConfigured, "'\(site.target.text)' names no project",
          remedy: "Write gitlab:\(card.form), or set CI_PROJECT_PATH")
      }
      return here
    }
    // The address of a page does not tell a server's base path from a group.
    let base = site.server.path.split(separator: "/").map(String.init)
    if site.target.server != nil, path.count >= base.count + 2, path.starts(with: base) {
      path.removeFirst(base.count)
    }
    return path.joined(separator: "/")
  }

  private static let authorize: Connection.Authorize = { request, credential in
    if case .token(let token, _) = credential { GitLabPass(credential).show(token, on: &request) }
  }

  /// https://docs.gitlab.com/api/rest/troubleshooting/
  private static func explain(_ response: Response, to pass: GitLabPass) -> Complaint? {
    guard response.status >= 400 else { return nil }
    let body = try? JSONDecoder().decode(WireError.self, from: Data(response.body))
    var complaint = Complaint(
      code: body?.error?.value, message: body?.message?.text ?? body?.error_description?.value,
      remedy: pass.remedy(response.status))
    // To a job token GitLab says 404 of whatever the token may not do.
    if case .job = pass, response.status == 404 { complaint.kind = .refused }
    return complaint
  }
}

extension GitLab {
  public func find(
    _ selector: Selector, passedOver: inout Set<String>
  ) async throws(Failure) -> Found? {
    var query: [Request.Pair] = []
    if let ref = selector.ref { query.append(Request.Pair("ref", ref.withoutPrefix)) }
    if let commit = selector.commit, commit.utf8.count >= 40 {
      query.append(Request.Pair("sha", commit.lowercased()))
    }
    let few = selector.commit == nil && selector.since == nil
    for item in try await list(few ? 1 : 100, query) where selector.admits(model(item)) {
      return Found(handle: String(item.id))
    }
    return nil
  }

  /// Not `/latest`, which answers 403 where there is no pipeline and knows the newest commit only.
  private func list(_ count: Int, _ query: [Request.Pair]) async throws(Failure) -> [WirePipeline] {
    let order = [
      Request.Pair("order_by", "id"), Request.Pair("sort", "desc"),
      Request.Pair("per_page", String(count)),
    ]
    let items = try await connection.get(
      "/api/v4/projects/\(project)/pipelines", query: query + order, as: [WirePipeline].self)
    return items.sorted { $0.id > $1.id }
  }

  public func look(_ handle: String) async throws(Failure) -> Run {
    let wire = try verified(
      try await connection.get(path(of: handle), as: WirePipeline.self), as: handle)
    let branch = try await GitLabTree(connection: connection, home: project)
      .branch(of: handle, status: wire.status)
    var run = model(wire)
    run.state = branch.state
    run.stages = branch.stages
    run.notes = branch.notes
    if let errors = wire.yaml_errors?.value { run.notes.append("The configuration: \(errors)") }
    if run.state == .succeeded, wire.detailed_status?.value?.group == "success-with-warnings" {
      run.notes.append("Succeeded with warnings: a job failed that is allowed to.")
    }
    if run.state.ended { return run }
    run.finishedAt = nil
    run.approvals = branch.approvals
    if run.state == .waiting, run.approvals.isEmpty {
      run.approvals = [Approval(url: run.url, message: "The pipeline waits for a manual job.")]
    }
    return run
  }

  /// What a pipeline says of itself, without its jobs.
  private func model(_ wire: WirePipeline) -> Run {
    var run = Run(id: String(wire.id), state: Self.words[wire.status])
    run.url = wire.web_url
    run.refs = wire.ref.map { [$0] } ?? []
    run.commits = wire.sha.map { [$0] } ?? []
    run.createdAt = wire.created_at.flatMap(Timestamp.init(iso8601:))
    run.startedAt = wire.started_at.flatMap(Timestamp.init(iso8601:))
    run.finishedAt = wire.finished_at.flatMap(Timestamp.init(iso8601:))
    return run
  }

  private func path(of pipeline: String) -> String {
    GitLabTree.path(of: pipeline.percentEncoded, in: project)
  }

  /// Refuses an answer about another pipeline.
  private func verified(
    _ wire: WirePipeline, as id: String?
  ) throws(Failure) -> WirePipeline {
    if wire.id <= 0 || (id != nil && id != String(wire.id)) {
      throw Failure(.unreadable, "asked for pipeline \(id ?? ""), answered pipeline \(wire.id)")
    }
    return wire
  }
}

extension GitLab: Markable {
  public func start(_ order: Order) async throws(Failure) -> Found {
    if order.commit != nil {
      throw Failure(.usage, "GitLab starts a branch or a tag, not a commit", remedy: "Use @REF")
    }
    if order.key != nil { try pass.may("read the variables of pipelines, which --key needs") }
    let form = try GitLabOrder(order, mark: Self.keyVariable)
    let ref: String
    if let named = order.ref { ref = named } else { ref = try await defaultBranch() }
    let root = "/api/v4/projects/\(project)"
    let request =
      pass.triggers
      ? try form.trigger(ref, at: connection.server, root: root)
      : try form.creation(ref, at: connection.server, root: root)
    let wire = try verified(try await connection.send(request, as: WirePipeline.self), as: nil)
    return Found(handle: String(wire.id))
  }

  private func defaultBranch() async throws(Failure) -> String {
    if pass.triggers {
      throw Failure(
        .usage, "this token cannot ask for the project's default branch",
        remedy: "Name the branch or tag as @REF")
    }
    let wire = try await connection.get("/api/v4/projects/\(project)", as: WireProject.self)
    guard let branch = wire.default_branch else {
      throw Failure(.usage, "the project has no default branch", remedy: "Name a ref as @REF")
    }
    return branch
  }

  public func find(
    marked key: String, passedOver: inout Set<String>
  ) async throws(Failure) -> Found? {
    try pass.may("read the variables of pipelines, which --key needs")
    for item in try await list(50, [Request.Pair("source", "api")]) {
      let id = String(item.id)
      if passedOver.contains(id) { continue }
      if try await variables(of: id).contains(WireVariable(key: Self.keyVariable, value: key)) {
        return Found(handle: id)
      }
      passedOver.insert(id)
    }
    return nil
  }

  private func variables(of pipeline: String) async throws(Failure) -> [WireVariable] {
    do {
      return try await connection.get(path(of: pipeline) + "/variables", as: [WireVariable].self)
    } catch  where error.kind == .refused {
      var refusal = error
      refusal.remedy =
        "--key reads the variables of earlier pipelines. As Maintainer the token may read all of"
        + " them, as Developer those that it started itself"
      throw refusal
    }
  }
}

extension GitLab: Cancelable, Logged, Remembered {
  public func cancel(_ run: Run) async throws(Failure) {
    try pass.may("cancel a pipeline")
    let request = Request(.post, connection.server, path: path(of: run.id) + "/cancel")
    _ = try verified(try await connection.send(request, as: WirePipeline.self), as: run.id)
  }

  public func log(of job: Job, in run: Run, last count: Int) async throws(Failure) -> [String] {
    try pass.may("read a job's trace")
    if job.id.isEmpty { return [] }
    let parts = job.id.split(separator: "/").map(String.init)
    let project = parts.count == 2 ? parts[0] : self.project
    let path = "/api/v4/projects/\(project)/jobs/\(parts[parts.count - 1])/trace"
    let answer = try await connection.send(Request(.get, connection.server, path: path))
    return GitLabTrace(answer.body).lines(last: count)
  }

  public func durations(like run: Run) async throws(Failure) -> [Duration] {
    var query = [Request.Pair("status", "success")]
    if let ref = run.ref { query.append(Request.Pair("ref", ref)) }
    return try await list(20, query).compactMap { item in
      guard String(item.id) != run.id,
        let created = item.created_at.flatMap(Timestamp.init(iso8601:)),
        let updated = item.updated_at.flatMap(Timestamp.init(iso8601:)), updated > created
      else { return nil }
      return updated - created
    }
  }
}

extension String {
  fileprivate var isNumber: Bool { !isEmpty && utf8.allSatisfy { (48...57).contains($0) } }

  /// A branch or a tag as GitLab's lists name it.
  fileprivate var withoutPrefix: String {
    for prefix in ["refs/heads/", "refs/tags/"] where hasPrefix(prefix) {
      return String(dropFirst(prefix.count))
    }
    return self
  }
}

private struct WireError: Decodable {
  /// A text, or lists of texts by the attribute they are about.
  struct Message: Decodable {
    var text: String

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let text = try? container.decode(String.self) {
        self.text = text
      } else if let lists = try? container.decode([String: [String]].self) {
        text = lists.sorted { $0.key < $1.key }.map { name, list in
          (name == "base" ? "" : "\(name) ") + list.joined(separator: "; ")
        }.joined(separator: "; ")
      } else {
        text = try container.decode([String].self).joined(separator: "; ")
      }
    }
  }
  var message: Message?
  var error: Lenient<String>?
  var error_description: Lenient<String>?
}

private struct WirePipeline: Decodable, Sendable {
  struct Standing: Decodable, Sendable { var group: String? }
  var id: Int64
  var status: String?
  var ref: String?
  var sha: String?
  var web_url: String?
  var created_at: String?
  var updated_at: String?
  var started_at: String?
  var finished_at: String?
  var yaml_errors: Lenient<String>?
  var detailed_status: Lenient<Standing>?
}

private struct WireProject: Decodable, Sendable { var default_branch: String? }

private struct WireVariable: Decodable, Hashable, Sendable {
  var key: String
  var value: String?
}
