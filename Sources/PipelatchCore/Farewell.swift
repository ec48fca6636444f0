/// What a gate does to the remote run when it leaves before the run's end.
struct Farewell {
  /// How often, and how far apart, the vendor is asked whether it agrees; together well under two seconds.
  private static let looks = 4
  private static let spacing = Duration.milliseconds(300)
  private let gate: Gate

  init(_ gate: Gate) { self.gate = gate }

  /// Cancels the run where the terms say so, and returns how it stood last; `handle` finds a run that was not seen yet.
  func cancelIfAsked(_ outcome: Outcome, triggered: Bool, handle: String?) async -> Run? {
    guard let cause = cause(of: outcome), gate.terms.cancelOn.contains(cause),
      triggered || gate.terms.cancelFound, outcome.run?.state.ended != true
    else { return nil }
    guard let pipeline = gate.pipeline as? any Cancelable else {
      gate.tell(.note("This vendor cannot cancel runs."))
      return nil
    }
    // A task of its own: the interrupted one can no longer send anything.
    return await Task {
      if let run = outcome.run { return await cancel(run, at: pipeline) }
      guard let handle, let run = try? await pipeline.look(handle) else { return nil }
      return run.state.ended ? run : await cancel(run, at: pipeline)
    }.value
  }

  private func cancel(_ run: Run, at pipeline: any Cancelable) async -> Run? {
    do {
      try await pipeline.cancel(run)
    } catch {
      gate.tell(.note("Run \(run.id) could not be canceled: \(error.sentence)"))
      return nil
    }
    gate.tell(.note("Run \(run.id) was asked to cancel."))
    var last = run
    for _ in 0..<Self.looks {
      guard let now = try? await pipeline.look(run.handle) else { break }
      for event in Progress.events(from: last, to: now) { gate.tell(event) }
      last = now
      if now.state.ended { break }
      guard (try? await gate.time.sleep(for: Self.spacing)) != nil else { break }
    }
    return last
  }

  /// Nil where the run has ended or never was, and where nobody interrupted: the first of several targets was enough.
  private func cause(of outcome: Outcome) -> Gate.CancelCause? {
    switch outcome.reason {
    case .interrupted: gate.interruption().map { _ in .interrupt }
    case .outOfTime: .timeout
    case nil: outcome.verdict == .failed && outcome.run?.state.ended == false ? .failFast : nil
    default: nil
    }
  }
}
