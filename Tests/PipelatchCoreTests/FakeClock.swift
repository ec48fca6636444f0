import PipelatchCore
import Synchronization

/// A clock whose sleep returns at once and is written down.
final class FakeClock: Timekeeper {
  private struct Memory {
    var elapsed = Duration.zero
    var sleeps: [Duration] = []
    var stall: Duration?
    var atSleep: (@Sendable (Int) -> Void)?
  }

  /// What the wall clock says at the start.
  static let start = Timestamp(milliseconds: 1_767_323_045_000)
  private let memory = Mutex(Memory())

  var elapsed: Duration { memory.withLock { $0.elapsed } }
  var now: Timestamp { Self.start + elapsed }
  var sleeps: [Duration] { memory.withLock { $0.sleeps } }

  func sleep(for duration: Duration) async throws(CancellationError) {
    let (stalls, count, atSleep) = memory.withLock { memory in
      memory.sleeps.append(duration)
      return (memory.stall.map { duration > $0 } ?? false, memory.sleeps.count, memory.atSleep)
    }
    atSleep?(count)
    if stalls { await Self.untilCanceled() }
    if Task.isCancelled { throw CancellationError() }
    pass(duration)
  }

  /// Lets time go by without a sleep, as a slow request does.
  func pass(_ duration: Duration) { memory.withLock { $0.elapsed += duration } }

  /// From now on, sleeps longer than this end only by cancellation, so that whoever races them wins.
  func stall(over limit: Duration) { memory.withLock { $0.stall = limit } }

  /// Calls `action` with the number of each sleep as it begins, counted from 1.
  func atSleep(_ action: @escaping @Sendable (Int) -> Void) {
    memory.withLock { $0.atSleep = action }
  }

  static func untilCanceled() async {
    for await _ in AsyncStream<Never>.makeStream().stream {}
  }
}
