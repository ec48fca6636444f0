import PipelatchCore
import Synchronization

/// A clock whose sleep returns at once and is written down.
final class FakeClock: Timekeeper {
  private let passed = Mutex(Duration.zero)
  private let naps = Mutex<[Duration]>([])
  /// What the wall clock says at the start.
  static let start = Timestamp(milliseconds: 1_767_323_045_000)

  var elapsed: Duration { passed.withLock { $0 } }
  var now: Timestamp { Self.start + elapsed }
  var sleeps: [Duration] { naps.withLock { $0 } }

  func sleep(for duration: Duration) async throws(CancellationError) {
    if Task.isCancelled { throw CancellationError() }
    pass(duration)
    naps.withLock { $0.append(duration) }
  }

  /// Lets time go by without a sleep, as a slow request does.
  func pass(_ duration: Duration) { passed.withLock { $0 += duration } }
}
