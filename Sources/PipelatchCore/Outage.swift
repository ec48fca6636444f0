/// The failures since the last good look.
struct Outage {
  /// The last failure that may pass, or nil where the last answer made sense.
  private(set) var failure: Failure?
  /// When the first of them was met.
  private(set) var since: Duration?
  private(set) var count = 0
  /// Answers in a row that there is no such run.
  private(set) var misses = 0

  mutating func add(_ failure: Failure, at moment: Duration) {
    count += 1
    switch failure.kind {
    case .missing:
      // The vendor was reached and understood.
      misses += 1
      self.failure = nil
      since = nil
    case _ where failure.passes:
      self.failure = failure
      since = since ?? moment
    default: break
    }
  }
}
