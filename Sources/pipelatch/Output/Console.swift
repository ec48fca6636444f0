import Glibc
import PipelatchCore
import Synchronization

/// Standard output and standard error, written whole lines at a time and never in part.
final class Console: Sendable {
  enum Stream: Int32, Sendable { case output = 1, error = 2 }

  private let broken = Mutex(false)

  /// Whether something written to standard output never got there.
  var outputBroke: Bool { broken.withLock { $0 } }

  /// Whether standard output was open when the program began.
  static var hasOutput: Bool { fcntl(1, F_GETFD) != -1 }

  static func isTerminal(_ stream: Stream) -> Bool { isatty(stream.rawValue) == 1 }

  func write(_ text: String, to stream: Stream) {
    broken.withLock { broken in
      if !Self.put(text, to: stream), stream == .output { broken = true }
    }
  }

  func line(_ text: String, to stream: Stream) { write(text + "\n", to: stream) }

  private static func put(_ text: String, to stream: Stream) -> Bool {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(stream.rawValue, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR || errno == EAGAIN { continue }
        return false
      }
      bytes = bytes.dropFirst(count)
    }
    return true
  }
}
