/// What a wait ends with where the vendor's word does not end it.
extension Watch {
  /// The first moment that ends the wait, and what it ends with.
  func nearestEnd() -> (Duration, Outcome) {
    var end = begun + gate.terms.timeout
    var outcome = outOfTime
    if let failure = outage.failure, let since = outage.since {
      let patience = since + gate.terms.tolerate
      if patience < end { (end, outcome) = (patience, Outcome(failure, run: known)) }
    } else if run == nil {
      let appear = awaited + gate.terms.appear
      if appear < end { (end, outcome) = (appear, neverAppeared) }
    }
    return (end, uncertainty ?? outcome)
  }

  /// Whatever ends the search for a lost run: it may have been started.
  var uncertainty: Outcome? {
    guard case .recover(_, let failure) = phase else { return nil }
    return Outcome(failure.ofLostTrigger)
  }

  var outOfTime: Outcome {
    var message = "--timeout passed and the run had not ended."
    if case .start = phase { message = "--timeout passed and nothing was started." }
    if let failure = outage.failure { message += " The last answer: \(failure.sentence)" }
    return Outcome(reason: .outOfTime, exitCode: .outOfTime, message: message, run: known)
  }

  var neverAppeared: Outcome {
    if triggered, case .follow(let found) = phase, !found.identified {
      return Outcome(
        Failure(
          .uncertain, "the trigger was taken, but its run has not appeared",
          remedy: "Look at the pipeline's runs before you trigger again"))
    }
    let message = known.map { "Run \($0.id) was named by the vendor, but it cannot be found." }
    return Outcome(
      reason: .notFound, exitCode: .notFound, message: message ?? "No such run appeared in time.",
      run: known)
  }

  var interrupted: Outcome {
    var message = known.map {
      "Interrupted; run \($0.id) \($0.state.ended ? "had ended" : "goes on")."
    }
    if let uncertainty { message = uncertainty.message.map { "Interrupted; \($0)" } }
    return Outcome(
      reason: .interrupted, exitCode: gate.interruption() ?? .interrupted,
      message: message ?? "Interrupted.",
      run: known)
  }

  /// The run as it was last seen, or the one that the vendor said it started and that nobody has seen yet.
  var known: Run? {
    if let run { return run }
    guard case .follow(let found) = phase, triggered || joined, found.identified else { return nil }
    return Run(id: found.handle, state: .queued)
  }
}
