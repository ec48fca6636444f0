/// What one look at a run means for the gate. It knows nothing of earlier looks, so nothing but the vendor's word decides.
struct Judge {
  let purpose: Gate.Purpose
  let terms: Gate.Terms

  /// The end of the wait, or nil where it goes on.
  func outcome(of now: Run) -> Outcome? {
    if let verdict = now.state.verdict {
      return Outcome(verdict: verdict, accepting: terms.accepted, run: now)
    }
    let person = now.state == .waiting || !now.approvals.isEmpty
    if case .check = purpose { return person ? waits(now) : notEnded(now) }
    if terms.failFast, let job = now.jobs.first(where: { $0.job.failed })?.job {
      var outcome = Outcome(verdict: .failed, accepting: [], run: now)
      outcome.message = "Job \(job.name) failed; the run goes on (--fail-fast)."
      return outcome
    }
    return person && terms.stopAtApproval ? waits(now) : nil
  }

  /// The end of the wait where the run is not the one asked for.
  func mismatch(_ now: Run) -> Outcome? {
    let message: String
    switch purpose {
    case .wait(let selector), .check(let selector):
      var wanted = selector
      wanted.run = nil
      if wanted.admits(now) { return nil }
      message = "Run \(now.id) is not of the ref, commit or time asked for."
    case .trigger(let order), .launch(let order):
      guard let difference = difference(now, order) else { return nil }
      message = "Run \(now.id) builds \(difference); it goes on unless you stop it."
    }
    return Outcome(reason: .notFound, exitCode: .notFound, message: message, run: now)
  }

  /// What the run builds in place of what was ordered; nil also while the vendor does not say.
  private func difference(_ now: Run, _ order: Order) -> String? {
    if let ref = order.ref, !now.refs.isEmpty,
      !now.refs.contains(where: { Selector.names($0, ref) })
    {
      return "\(now.refs.joined(separator: ", ")), not \(ref)"
    }
    if let commit = order.commit, !now.commits.isEmpty,
      !now.commits.contains(where: {
        Selector.abbreviates(commit, $0) || Selector.abbreviates($0, commit)
      })
    {
      return "\(now.commits.joined(separator: ", ")), not \(commit)"
    }
    return nil
  }

  private func waits(_ now: Run) -> Outcome {
    Outcome(
      reason: .approval, exitCode: .approval,
      message: now.approvals.first?.message ?? "The run waits for a person.", run: now)
  }

  private func notEnded(_ now: Run) -> Outcome {
    Outcome(
      reason: .notEnded, exitCode: .notEnded, message: "The run has not ended yet.", run: now)
  }
}

extension Job {
  /// Whether it failed in a way that the run's verdict depends on.
  var failed: Bool { (state == .failed || state == .timedOut) && !mayFail }
}
