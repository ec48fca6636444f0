import PipelatchCore
import Synchronization

/// A vendor with one run, which starts as the clock does and ends after `duration`.
final class VirtualRun: Remembered, Meter {
  let clock: VirtualClock
  let duration: Duration
  let past: [Duration]
  private let asked = Mutex<[Duration]>([])

  /// `past` are the durations of earlier runs, the newest first.
  init(_ duration: Duration, past: [Duration], clock: VirtualClock) {
    self.duration = duration
    self.past = past
    self.clock = clock
  }

  /// When each request was made.
  var moments: [Duration] { asked.withLock { $0 } }
  var requests: Requests {
    var requests = Requests()
    requests.total = asked.withLock { $0.count }
    return requests
  }
  var skew: Duration? { nil }
  var budget: Budget? { nil }

  func find(_ selector: Selector, passedOver: inout Set<String>) async throws(Failure) -> Found? {
    Found(try await look("1"))
  }

  func look(_ handle: String) async throws(Failure) -> Run {
    asked.withLock { $0.append(clock.elapsed) }
    var run = Run(id: handle, state: clock.elapsed < duration ? .running : .succeeded)
    run.createdAt = Timestamp(milliseconds: 0)
    let job = Job(id: "1", name: "only", state: run.state)
    run.stages = [Stage(name: "only", state: run.state, jobs: [job])]
    return run
  }

  func durations(like run: Run) async throws(Failure) -> [Duration] {
    asked.withLock { $0.append(clock.elapsed) }
    return past
  }
}
