import PipelatchCore
import Synchronization

/// A clock on which an hour passes at once.
final class VirtualClock: Timekeeper {
  private let passed = Mutex(Duration.zero)

  var elapsed: Duration { passed.withLock { $0 } }
  var now: Timestamp { Timestamp(milliseconds: 0) + elapsed }

  func sleep(for duration: Duration) async throws(CancellationError) {
    passed.withLock { $0 += duration }
  }
}
