import Glibc
import PipelatchCore
import Synchronization
import UnixSignals

/// SIGINT and SIGTERM: the first ends the work in good order, the second at once.
final class Interruption: Sendable {
  /// In good order takes this long at most.
  private static let grace = Duration.seconds(2)
  private let caught = Mutex<ExitCode?>(nil)

  /// The code of the signal that came, or of SIGINT where none has.
  var code: ExitCode { caught.withLock { $0 } ?? .interrupted }

  /// Runs `work` and cancels it at the first signal.
  func watch<Value: Sendable>(_ work: @escaping @Sendable () async -> Value) async -> Value {
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
    let task = Task { await work() }
    let listener = Task {
      for await signal in signals {
        let code: ExitCode = signal == .sigterm ? .terminated : .interrupted
        let second = caught.withLock { caught in
          defer { caught = caught ?? code }
          return caught != nil
        }
        if second { exit(code.rawValue) }
        task.cancel()
        Task.detached {
          try? await Task.sleep(for: Self.grace)
          exit(code.rawValue)
        }
      }
    }
    defer { listener.cancel() }
    return await task.value
  }
}
