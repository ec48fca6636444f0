import PipelatchCore

/// Reads a pipeline's jobs and, under each job that started another pipeline, that pipeline's jobs.
/// https://docs.gitlab.com/ci/pipelines/downstream_pipelines/
struct GitLabTree {
  /// One pipeline with everything it started.
  struct Branch {
    /// The pipeline's own word, weighed with what it started and does not allow to fail.
    var state: State
    var stages: [Stage] = []
    var approvals: [Approval] = []
    var notes: [String] = []
  }

  /// GitLab nests children twice; pipelines of other projects can go on, and are then told by their status alone.
  private static let deepest = 4
  /// Of a hundred jobs each.
  private static let mostPages = 50

  let connection: Connection
  /// The project of the run itself, as a segment of a path.
  let home: String

  static func path(of pipeline: String, in project: String) -> String {
    "/api/v4/projects/\(project)/pipelines/\(pipeline)"
  }

  /// Throws `.unreadable` for a success without a single job.
  func branch(of pipeline: String, status: String?) async throws(Failure) -> Branch {
    let branch = try await grow(pipeline, in: home, status: status, depth: 0)
    if branch.state == .succeeded, branch.stages.isEmpty {
      throw Failure(
        .unreadable, "pipeline \(pipeline) is said to be a success but shows no jobs",
        remedy: "Check that the token may read the project's jobs")
    }
    return branch
  }

  private func grow(
    _ pipeline: String, in project: String, status: String?, depth: Int
  ) async throws(Failure) -> Branch {
    let path = Self.path(of: pipeline, in: project)
    let jobs = try await all(path + "/jobs", of: pipeline)
    let bridges = try await bridges(path, of: pipeline)
    let both = jobs.merging(bridges) { _, bridge in bridge }
    var branch = Branch(state: GitLab.words[status])
    var blamed: [State] = []
    var counted: [State] = []
    for wire in both.values.sorted(by: { $0.id < $1.id }) {
      var job = model(wire, in: project)
      // It has no trace, so no id to ask for one.
      if bridges[wire.id] != nil { job.id = "" }
      var child: Branch?
      if let downstream = wire.downstream_pipeline {
        let grown = try await follow(downstream, of: wire, in: project, depth: depth)
        if job.state == .failed, grown.state == .timedOut { job.state = .timedOut }
        if !job.mayFail { counted.append(grown.state) }
        child = grown
      }
      if !job.mayFail, [.failed, .timedOut].contains(job.state) { blamed.append(job.state) }
      branch.add(job, to: wire.stage ?? "jobs", because: wire.failure_reason)
      if let child { branch.hang(child, under: job, in: wire.stage ?? "jobs") }
    }
    for index in branch.stages.indices {
      branch.stages[index].state = Self.standing(of: branch.stages[index].jobs)
    }
    if branch.state == .succeeded {
      branch.state = Self.weigh(counted)
    } else if branch.state == .failed, !blamed.isEmpty, blamed.allSatisfy({ $0 == .timedOut }) {
      branch.state = .timedOut
    }
    return branch
  }

  /// A pipeline that the token may not read still has the status which its parent tells.
  private func follow(
    _ downstream: WirePipeline, of bridge: WireJob, in project: String, depth: Int
  ) async throws(Failure) -> Branch {
    var bare = Branch(state: GitLab.words[downstream.status])
    guard depth < Self.deepest else { return bare }
    var there = project
    if let id = downstream.project_id, id != bridge.pipeline?.project_id { there = String(id) }
    do {
      return try await grow(
        String(downstream.id), in: there, status: downstream.status, depth: depth + 1)
    } catch  where error.kind == .refused || error.kind == .missing {
      bare.notes = [
        "The token may not read pipeline \(downstream.id), which \(bridge.name ?? "a job") started:"
          + " only its status is known."
      ]
      return bare
    }
  }

  /// `/bridges` is deprecated since 19.2 in favor of `/trigger_jobs`, which older servers do not have; the oldest have
  /// neither, and no pipeline there starts another.
  private func bridges(
    _ path: String, of pipeline: String
  ) async throws(Failure) -> [Int64: WireJob] {
    do {
      return try await all(path + "/bridges", of: pipeline)
    } catch  where error.kind == .missing {
      do {
        return try await all(path + "/trigger_jobs", of: pipeline)
      } catch  where error.kind == .missing {
        return [:]
      }
    }
  }

  /// Every page, by id, so that a job which slid onto the next page meanwhile counts once.
  private func all(_ path: String, of pipeline: String) async throws(Failure) -> [Int64: WireJob] {
    var query = [Request.Pair("per_page", "100")]
    var jobs: [Int64: WireJob] = [:]
    for _ in 0..<Self.mostPages {
      let (page, response) = try await connection.page(path, query: query, as: [WireJob].self)
      for job in page {
        if let owner = job.pipeline?.id, String(owner) != pipeline {
          throw Failure(
            .unreadable, "asked for the jobs of pipeline \(pipeline), answered those of \(owner)")
        }
        jobs[job.id] = job
      }
      guard let next = response.nextPage(after: query) else { return jobs }
      query = next
    }
    throw Failure(.unreadable, "pipeline \(pipeline) has more than \(Self.mostPages) pages of jobs")
  }

  private func model(_ wire: WireJob, in project: String) -> Job {
    var state = GitLab.words[wire.status]
    if state == .failed, let reason = wire.failure_reason {
      state = GitLab.reasons.words[reason] ?? state
    }
    return Job(
      id: project == home ? String(wire.id) : "\(project)/\(wire.id)", name: wire.name ?? "job",
      state: state, url: wire.web_url,
      startedAt: wire.started_at.flatMap(Timestamp.init(iso8601:)),
      finishedAt: wire.finished_at.flatMap(Timestamp.init(iso8601:)),
      mayFail: wire.allow_failure ?? false)
  }

  /// What a success amounts to together with the pipelines it started; those that have not ended come first.
  private static func weigh(_ children: [State]) -> State {
    for case .unknown(let word) in children { return .unknown(word) }
    if children.contains(.waiting) { return .waiting }
    if children.contains(where: { !$0.ended }) { return .running }
    let ends: [State] = [.failed, .timedOut, .canceled, .skipped]
    return ends.first { children.contains($0) } ?? .succeeded
  }

  /// GitLab lists no stages, so a stage stands as its jobs do.
  private static func standing(of jobs: [Job]) -> State {
    for case .unknown(let word) in jobs.map(\.state) { return .unknown(word) }
    let states = jobs.filter { !$0.mayFail }.map(\.state)
    if states.contains(.waiting) { return .waiting }
    if jobs.contains(where: { $0.state == .running }) { return .running }
    if jobs.contains(where: { $0.state == .queued }) {
      return jobs.contains(where: { $0.state.ended && $0.state != .skipped }) ? .running : .queued
    }
    let bad: [State] = [.failed, .timedOut, .canceled]
    if let worst = bad.first(where: { states.contains($0) }) { return worst }
    return jobs.contains { $0.state.ended && $0.state != .skipped } ? .succeeded : .skipped
  }
}

extension GitLabTree.Branch {
  fileprivate mutating func add(_ job: Job, to stage: String, because reason: String?) {
    if let index = stages.firstIndex(where: { $0.name == stage }) {
      stages[index].jobs.append(job)
    } else {
      stages.append(Stage(name: stage, state: job.state, jobs: [job]))
    }
    if job.state == .waiting, !job.mayFail {
      approvals.append(
        Approval(
          stage: stage, job: job.name, url: job.url,
          message: "Job \(job.name) is started by hand or needs an approval."))
    }
    if let reason, reason != "script_failure", job.state == .failed || job.state == .timedOut {
      notes.append("Job \(job.name) failed: \(reason).")
    }
  }

  /// Shows a started pipeline's jobs behind the job that started it, named after both.
  fileprivate mutating func hang(_ child: Self, under bridge: Job, in stage: String) {
    guard let index = stages.firstIndex(where: { $0.name == stage }) else { return }
    for var job in child.stages.flatMap(\.jobs) {
      job.name = "\(bridge.name) > \(job.name)"
      job.mayFail = job.mayFail || bridge.mayFail
      stages[index].jobs.append(job)
    }
    notes += child.notes
    if bridge.mayFail { return }
    for var approval in child.approvals {
      approval.stage = stage
      approval.job = approval.job.map { "\(bridge.name) > \($0)" }
      approvals.append(approval)
    }
  }
}

private struct WirePipeline: Decodable, Sendable {
  var id: Int64
  var project_id: Int64?
  var status: String?
}

private struct WireJob: Decodable, Sendable {
  var id: Int64
  var name: String?
  var stage: String?
  var status: String?
  var allow_failure: Bool?
  var failure_reason: String?
  var web_url: String?
  var started_at: String?
  var finished_at: String?
  var pipeline: WirePipeline?
  var downstream_pipeline: WirePipeline?
}
