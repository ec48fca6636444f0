import Glibc
import PipelatchCore
import Synchronization
import UnixSignals

/// SIGINT and SIGTERM: the first ends the work in good order, the second at once, and so does one that finds no work.
final class Interruption: Sendable {
  private struct Course {
    /// Of the first signal that came.
    var code: ExitCode?
    var cancel: (@Sendable () -> Void)?
    var leaving: @Sendable (ExitCode) -> Void = { _ in }
  }

  /// In good order takes this long at most.
  private static let grace = Duration.seconds(2)
  private let course = Mutex(Course())
  private let signals: Task<UnixSignalsSequence, Never>

  /// Signals are heeded from here on, beside all other work, so that none waits for it or is too busy for them.
  init() {
    signals = Task { await UnixSignalsSequence(trapping: .sigint, .sigterm) }
    Task {
      for await signal in await signals.value {
        heed(signal == .sigterm ? .terminated : .interrupted)
      }
    }
  }

  /// The code of the first signal that came.
  var code: ExitCode? { course.withLock { $0.code } }

  /// Returns once no signal ends the program by itself any more.
  func armed() async { _ = await signals.value }

  /// Runs `work` on `loop` and cancels it at the first signal; `leaving` is called where the work does not end by itself
  /// in time.
  func watch<Value: Sendable>(
    on loop: Loop,
    leaving: @escaping @Sendable (ExitCode) -> Void = { _ in },
    _ work: @escaping @Sendable () async -> Value
  ) async -> Value {
    let task = Task(executorPreference: loop) { await work() }
    course.withLock { course in
      (course.cancel, course.leaving) = ({ task.cancel() }, leaving)
    }
    return await task.value
  }

  private func heed(_ code: ExitCode) {
    let (second, cancel) = course.withLock { course in
      defer { course.code = course.code ?? code }
      return (course.code != nil, course.cancel)
    }
    guard !second, let cancel else { leave(code) }
    cancel()
    Task.detached {
      try? await Task.sleep(for: Self.grace)
      self.leave(code)
    }
  }

  private func leave(_ code: ExitCode) -> Never {
    // A terminal that takes no more must not hold the program.
    Task.detached {
      try? await Task.sleep(for: .seconds(1))
      _exit(code.rawValue)
    }
    course.withLock { $0.leaving }(code)
    exit(code.rawValue)
  }
}
