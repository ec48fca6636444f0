import FoundationEssentials
import PipelatchCore

/// The machine's clocks.
struct SystemClock: Timekeeper {
  let loop: Loop
  private let begin = ContinuousClock.now

  var now: Timestamp { Timestamp(milliseconds: Int64(Date.now.timeIntervalSince1970 * 1000)) }
  var elapsed: Duration { ContinuousClock.now - begin }

  func sleep(for duration: Duration) async throws(CancellationError) {
    try await loop.sleep(for: duration)
  }
}

extension Dice {
  /// The system's randomness.
  static let system = Dice { Double.random(in: 0..<1) }
}
