/// What a gate does to the remote run when it leaves before the run's end.
struct Farewell {
  /// How often, and how far apart, the vendor is asked whether it agrees; together well under two seconds.
  private static let looks = 4
  private static let spacing = Duration.milliseconds(300)
  private let gate: Gate

  init(_ gate: Gate) { self.gate = gate }

  /// Cancels the run where the terms say so, and returns how it stood last.
  func cancelIfAsked(_ outcome: Outcome, triggered: Bool) async -> Run? {
    guard let cause = cause(of: outcome), gate.terms.cancelOn.contains(cause),
      triggered || gate.terms.cancelFound, let run = outcome.run, !run.state.ended,
      let pipeline = gate.pipeline as? any Cancelable
    else { return nil }
    // A task of its own: the interrupted one can no longer send anything.
    return await Task { await cancel(run, at: pipeline) }.value
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

  private func cause(of outcome: Outcome) -> Gate.CancelCause? {
    switch outcome.reason {
    case .interrupted: .interrupt
    case .outOfTime: .timeout
    case nil: outcome.run?.state.ended == false ? .failFast : nil
    default: nil
    }
  }
}
