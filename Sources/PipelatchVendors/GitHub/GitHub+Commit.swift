import PipelatchCore

/// All runs of one commit, as one gate.
struct GitHubCommit: Hashable, Sendable {
  /// The full name; empty while it is not known yet.
  var commit = ""
  var ref: String?
  var since: Timestamp?

  init(ref: String?, since: Timestamp?) {
    self.ref = ref
    self.since = since
  }

  /// Nil where the handle is none of a commit.
  init?(handle: String) {
    let parts = handle.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0] == "commit" else { return nil }
    commit = String(parts[1])
    since = Int64(parts[2]).map(Timestamp.init(milliseconds:))
    ref = parts[3].isEmpty ? nil : String(parts[3])
  }

  var handle: String {
    "commit:\(commit):\(since.map { "\($0.milliseconds)" } ?? ""):\(ref ?? "")"
  }

  func admits(_ run: GitHubWire.Run) -> Bool {
    run.commit == commit && admits(run.ref, run.created?.value)
  }

  func admits(_ branch: String?, _ created: Timestamp?) -> Bool {
    if let ref, !(branch.map { Selector.names($0, ref) } ?? false) { return false }
    if let since, let created, created < since { return false }
    return true
  }

  /// The state of the whole. Only where each and every run succeeded has the commit succeeded.
  static func state(of parts: [State], growing: Bool) -> State {
    if growing || parts.contains(.running) { return .running }
    if parts.contains(.queued) { return parts.allSatisfy { $0 == .queued } ? .queued : .running }
    if parts.contains(.waiting) { return .waiting }
    if let unknown = parts.first(where: { !$0.ended }) { return unknown }
    for worst in [State.failed, .timedOut, .canceled, .skipped] where parts.contains(worst) {
      return worst
    }
    return !parts.isEmpty && parts.allSatisfy { $0 == .succeeded } ? .succeeded : .unknown("no run")
  }
}

extension GitHub {
  /// How long after its youngest run a commit may get another, where the host does not tell its check suites.
  private static let growth = Duration.seconds(60)

  /// Nil while the commit has no runs. The set may grow from look to look.
  func gather(_ wanted: GitHubCommit) async throws(Failure) -> Run? {
    let listed = try await runs(of: wanted.commit)
    let suites = try await suites(of: wanted.commit)
    // A host that filters nothing also lists the runs of others, but none in a check suite of this commit.
    if let stranger = listed.first(where: { run in
      run.commit != wanted.commit
        && (run.commit?.isHash != true || suites?.contains { $0.id == run.checkSuite } != false)
    }) {
      throw Failure(
        .unreadable,
        "asked for the runs of \(wanted.commit), answered one of \(stranger.commit ?? "no commit")")
    }
    var met: Set<[String?]> = []
    let counted = listed.filter { run in
      guard run.id.text != own, wanted.admits(run) else { return false }
      return met.insert(run.kind).inserted || !isSettled(run)
    }
    if counted.isEmpty { return nil }
    let growing = growing(listed, suites, wanted)
    let names = counted.map { $0.name ?? $0.file ?? "workflow" }
    var parts: [Run] = []
    for (wire, name) in zip(counted, names).reversed() {
      let alone = names.count { $0 == name } == 1
      parts.append(
        try await whole(
          wire, stage: alone ? name : "\(name) (\(wire.event ?? "run") \(wire.id.text))"))
    }
    var run = merged(parts, growing: growing)
    run.id = wanted.commit
    run.handle = wanted.handle
    run.url = counted[0].site.map { "\($0)/commit/\(wanted.commit)" }
    run.commits = [wanted.commit]
    if growing { run.notes.append("Check suites of the commit still queue for their runs.") }
    return run
  }

  /// Whether an older run adds nothing to a newer one of its kind: it succeeded, or it made way.
  /// A dispatch makes way for no other, since their inputs differ; a failure stands.
  private func isSettled(_ run: GitHubWire.Run) -> Bool {
    switch Self.state(run.status, run.conclusion) {
    case .succeeded: true
    case .canceled, .skipped: run.event?.hasSuffix("_dispatch") != true
    default: false
    }
  }

  func runs(of commit: String) async throws(Failure) -> [GitHubWire.Run] {
    let query = [Request.Pair("head_sha", commit), Request.Pair("per_page", "100")]
    return try await all(Link(root + "/actions/runs", query), as: GitHubWire.Runs.self)
      .sorted { $0.number > $1.number }
  }

  /// Whether a suite of GitHub Actions has not ended and its run is not in the list yet.
  private func growing(
    _ runs: [GitHubWire.Run], _ suites: [GitHubWire.CheckSuite]?, _ wanted: GitHubCommit
  ) -> Bool {
    guard let suites else {
      let youngest = runs.compactMap { $0.created?.value }.max()
      return youngest.map { serverNow - $0 < Self.growth } ?? false
    }
    return suites.contains { suite in
      suite.isOfActions && suite.status != "completed"
        && !runs.contains { $0.checkSuite == suite.id }
        && wanted.admits(suite.branch, suite.created?.value)
    }
  }

  /// Nil where the host, though it has told the commit's runs, knows no check suites.
  private func suites(of commit: String) async throws(Failure) -> [GitHubWire.CheckSuite]? {
    let path = root + "/commits/\(commit)/check-suites"
    do {
      return try await all(Link(path, [.init("per_page", "100")]), as: GitHubWire.CheckSuites.self)
    } catch  where error.kind == .missing {
      return nil
    } catch  where error.kind == .refused {
      var failure = error
      failure.remedy =
        "Without the commit's check suites nobody can say that all its runs are there: give the "
        + "token 'checks: read' (fine-grained personal tokens cannot have it), or name a WORKFLOW"
      throw failure
    }
  }

  private func merged(_ parts: [Run], growing: Bool) -> Run {
    var run = Run(id: "", state: GitHubCommit.state(of: parts.map(\.state), growing: growing))
    for ref in parts.flatMap(\.refs) where !run.refs.contains(ref) { run.refs.append(ref) }
    run.createdAt = parts.compactMap(\.createdAt).min()
    run.startedAt = parts.compactMap(\.startedAt).min()
    run.finishedAt = run.state.ended ? parts.compactMap(\.finishedAt).max() : nil
    run.stages = parts.flatMap(\.stages)
    run.approvals = parts.flatMap(\.approvals)
    run.notes = parts.flatMap(\.notes)
    return run
  }

  /// The full name of a commit, or nil where the repository has none of that name yet.
  func full(_ commit: String) async throws(Failure) -> String? {
    guard commit.allSatisfy(\.isHexDigit), commit.count >= 7 else {
      throw Failure(.usage, "'\(commit)' is no commit", remedy: "Write 7 or more of its digits")
    }
    let commit = commit.lowercased()
    if commit.count >= 40 { return commit }
    do {
      let answer = try await read(Link(root + "/commits/\(commit)"), as: GitHubWire.Commit.self)
      // The same address takes branches, and a branch may be named like a commit.
      return Selector.abbreviates(commit, answer.value.sha) ? answer.value.sha : nil
    } catch  where error.status == 422 {
      return nil
    }
  }
}

extension String {
  /// Whether it may be the full name of a commit.
  fileprivate var isHash: Bool { utf8.count >= 40 && allSatisfy(\.isHexDigit) }
}
