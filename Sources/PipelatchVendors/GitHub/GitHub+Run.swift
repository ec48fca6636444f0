import FoundationEssentials
public import PipelatchCore
import Synchronization

extension GitHub {
  func run(_ id: String, attempt: Int?) async throws(Failure) -> Run {
    let path = root + "/actions/runs/\(id)" + (attempt.map { "/attempts/\($0)" } ?? "")
    let wire = try await read(Link(path), as: GitHubWire.Run.self).value
    guard wire.id.text == id, attempt == nil || wire.attempt == attempt else {
      throw Failure(
        .unreadable,
        "asked for run \(id)\(attempt.map { ", attempt \($0)" } ?? ""), answered run "
          + "\(wire.id.text), attempt \(wire.attempt.map { "\($0)" } ?? "-")")
    }
    guard isOurs(wire) else {
      throw Failure(
        .missing, "run \(id) is of the workflow \(wire.file ?? "-"), not of \(workflow ?? "-")",
        remedy: "Check the target")
    }
    return try await whole(wire, attempt: attempt)
  }

  /// False only where the run says that it is another workflow's.
  func isOurs(_ run: GitHubWire.Run) -> Bool {
    guard let workflow, !dialect.started.withLock({ $0.contains(run.id.text) }) else { return true }
    let said = workflow.allSatisfy(\.isNumber) ? run.workflow?.text : run.file
    return said == nil || said == workflow
  }

  /// The run with its jobs, and whoever it waits for.
  func whole(
    _ wire: GitHubWire.Run, attempt: Int? = nil, stage: String? = nil
  ) async throws(Failure) -> Run {
    let path = root + "/actions/runs/\(wire.id.text)"
    let jobsPath = path + (attempt.map { "/attempts/\($0)" } ?? "") + "/jobs"
    let jobs = try await all(Link(jobsPath, [.init("per_page", "100")]), as: GitHubWire.Jobs.self)
    var run = Self.model(wire)
    if let attempt { run.handle += "/attempts/\(attempt)" }
    guard run.state != .succeeded || !jobs.isEmpty else {
      throw Failure(.unreadable, "run \(run.id) is said to have succeeded, and has no jobs")
    }
    let name = stage ?? wire.name ?? wire.file ?? "workflow"
    var part = Stage(
      name: name, state: run.state, startedAt: run.startedAt, jobs: jobs.map(Self.model))
    if wire.status == "completed" {
      if run.state == .waiting {
        run.approvals.append(
          Approval(
            stage: name, url: run.url,
            message: "A maintainer must approve the workflow \(name) of an outside contributor."))
      }
    } else if run.state == .waiting || part.jobs.contains(where: { $0.state == .waiting }) {
      try await ask(path + "/pending_deployments", about: &run, in: name)
      if run.approvals.isEmpty {
        // Nobody is waited for: a timer runs, or the approval has just been given.
        if run.state == .waiting { run.state = .queued }
        for job in part.jobs.indices where part.jobs[job].state == .waiting {
          part.jobs[job].state = .queued
        }
      }
    }
    if run.state.ended {
      run.finishedAt = part.jobs.compactMap(\.finishedAt).max() ?? wire.updated?.value
    }
    (part.state, part.finishedAt) = (run.state, run.finishedAt)
    run.stages = [part]
    return run
  }

  private func ask(_ path: String, about run: inout Run, in stage: String) async throws(Failure) {
    var all: [GitHubWire.Pending]?
    do {
      all = try await read(Link(path), as: [GitHubWire.Pending].self).value
    } catch  where error.kind == .refused || error.kind == .missing {
      // Who must act is not the token's business; that somebody must is.
      all = nil
    }
    for pending in all ?? [GitHubWire.Pending()] {
      let place = pending.environment?.name.map { "Environment \($0)" } ?? "An environment"
      let reviewers = (pending.reviewers ?? []).map(\.text).joined(separator: ", ")
      if let minutes = pending.minutes, minutes > 0, reviewers.isEmpty {
        run.notes.append("\(place) waits for its timer of \(minutes) minutes.")
      } else {
        let whom = reviewers.isEmpty ? "its protection rules" : "a review by \(reviewers)"
        run.approvals.append(
          Approval(stage: stage, url: run.url, message: "\(place) waits for \(whom)."))
      }
    }
  }

  static func state(_ status: String?, _ conclusion: String?) -> State {
    status == "completed" ? conclusions[conclusion] : statuses[status]
  }

  static func model(_ wire: GitHubWire.Run) -> Run {
    var run = Run(id: wire.id.text, state: state(wire.status, wire.conclusion))
    run.url = wire.url
    run.refs = wire.ref.map { [$0] } ?? []
    run.commits = wire.commit.map { [$0] } ?? []
    run.attempt = wire.attempt
    run.createdAt = wire.created?.value
    run.startedAt = wire.started?.value ?? wire.created?.value
    return run
  }

  private static func model(_ wire: GitHubWire.Job) -> Job {
    Job(
      id: wire.id.text, name: wire.name ?? "job", state: state(wire.status, wire.conclusion),
      url: wire.url, startedAt: wire.started?.value, finishedAt: wire.completed?.value)
  }
}

extension GitHub: Cancelable, Logged, Remembered {
  public func cancel(_ run: Run) async throws(Failure) {
    var ids = [run.id]
    if let commit = GitHubCommit(handle: run.handle) {
      ids = try await runs(of: commit.commit)
        .filter { $0.id.text != own && $0.status != "completed" && commit.admits($0) }
        .map(\.id.text)
    }
    for id in ids {
      let path = root + "/actions/runs/\(id.percentEncoded)/cancel"
      try await connection.send(Request(.post, connection.server, path: path))
    }
  }

  /// What stands behind the last error is GitHub tidying up, which would hide it.
  public func log(of job: Job, in run: Run, last count: Int) async throws(Failure) -> [String] {
    let path = root + "/actions/jobs/\(job.id.percentEncoded)/logs"
    let answer = try await connection.download(Request(.get, connection.server, path: path))
    let lines = answer.text.lines(last: .max)
    let end = lines.lastIndex { $0.contains("##[error]") } ?? lines.count - 1
    return lines.prefix(end + 1).compactMap(Self.bare).suffix(count)
  }

  /// The line without its moment and without a marker such as `##[group]`; nil where nothing is left.
  private static func bare(_ line: String) -> String? {
    var text = line.hasPrefix("\u{FEFF}") ? line.dropFirst() : line[...]
    if let space = text.firstIndex(of: " "), text[..<space].hasSuffix("Z"),
      Timestamp(iso8601: String(text.prefix(19)) + "Z") != nil
    {
      text = text[text.index(after: space)...]
    }
    guard text.hasPrefix("##["), let end = text.firstIndex(of: "]") else { return String(text) }
    let marker = text[..<end].dropFirst(3)
    text = text[text.index(after: end)...]
    if marker == "error" { return "Error: \(text)" }
    return marker.hasPrefix("end") && text.isEmpty ? nil : String(text)
  }

  public func durations(like run: Run) async throws(Failure) -> [Duration] {
    let isCommit = GitHubCommit(handle: run.handle) != nil
    let query = [Request.Pair("status", "completed"), Request.Pair("per_page", "50")]
    let page = try await read(Link(listPath, query), as: GitHubWire.Runs.self).value
    let past = page.items.sorted { $0.number > $1.number }.filter { item in
      let isAlike = isCommit || workflow != nil || item.name == run.stages.first?.name
      let isThis = item.id.text == run.id || (isCommit && item.commit == run.commit)
      return isAlike && !isThis && [.succeeded, .failed].contains(Self.model(item).state)
    }
    var wholes: [(key: String, begin: Timestamp, end: Timestamp)] = []
    for item in past {
      guard let begin = Self.model(item).startedAt, let end = item.updated?.value, end > begin
      else { continue }
      let key = isCommit ? item.commit ?? "" : item.id.text
      if let place = wholes.firstIndex(where: { $0.key == key }) {
        wholes[place].begin = min(wholes[place].begin, begin)
        wholes[place].end = max(wholes[place].end, end)
      } else {
        wholes.append((key, begin, end))
      }
    }
    return wholes.map { $0.end - $0.begin }
  }
}
