import Glibc
import PipelatchCore
import Synchronization
import UnixSignals

/// SIGINT and SIGTERM: the first ends the work in good order, the second at once.
final class Interruption: Sendable {
  /// In good order takes this long at most.
  private static let grace = Duration.seconds(2)
  private let caught = Mutex<ExitCode?>(nil)

  /// The code of the first signal that came.
  var code: ExitCode? { caught.withLock { $0 } }

  /// Runs `work` on `loop` and cancels it at the first signal; `leaving` is called where the work does not end by itself
  /// in time. Signals are heeded elsewhere, so that no work is too busy for them.
  func watch<Value: Sendable>(
    on loop: Loop,
    leaving: @escaping @Sendable (ExitCode) -> Void = { _ in },
    _ work: @escaping @Sendable () async -> Value
  ) async -> Value {
    let leave: @Sendable (ExitCode) -> Never = { code in
      // A terminal that takes no more must not hold the program.
      Task.detached {
        try? await Task.sleep(for: .seconds(1))
        _exit(code.rawValue)
      }
      leaving(code)
      exit(code.rawValue)
    }
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
    let task = Task(executorPreference: loop) { await work() }
    let listener = Task {
      for await signal in signals {
        let code: ExitCode = signal == .sigterm ? .terminated : .interrupted
        let second = caught.withLock { caught in
          defer { caught = caught ?? code }
          return caught != nil
        }
        if second { leave(code) }
        task.cancel()
        Task.detached {
          try? await Task.sleep(for: Self.grace)
          leave(code)
        }
      }
    }
    defer { listener.cancel() }
    return await task.value
  }
}
