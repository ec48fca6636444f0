import Glibc
import PipelatchCore
import Synchronization

/// Standard output and standard error, written whole lines at a time and never in part.
final class Console: Sendable {
  enum Stream: Int32, Sendable { case output = 1, error = 2 }

  private let broken = Mutex(false)
  private let places: [Stream: Int32]

  /// Other file descriptors in the place of the process's own, for a test.
  init(output: Int32 = Stream.output.rawValue, error: Int32 = Stream.error.rawValue) {
    places = [.output: output, .error: error]
  }

  /// Whether something written to standard output never got there.
  var outputBroke: Bool { broken.withLock { $0 } }

  /// Whether standard output was open when the program began.
  static var hasOutput: Bool { fcntl(1, F_GETFD) != -1 }

  static func isTerminal(_ stream: Stream) -> Bool { isatty(stream.rawValue) == 1 }

  func write(_ text: String, to stream: Stream) {
    broken.withLock { broken in
      let written = Self.put(text, to: places[stream] ?? stream.rawValue)
      if !written, stream == .output { broken = true }
    }
  }

  func line(_ text: String, to stream: Stream) { write(text + "\n", to: stream) }

  /// Writes all of it, or returns false and leaves the reason in `errno`.
  static func put(_ text: String, to file: Int32) -> Bool {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count >= 0 {
        bytes = bytes.dropFirst(count)
      } else if errno == EAGAIN {
        var room = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
        _ = poll(&room, 1, -1)
      } else if errno != EINTR {
        return false
      }
    }
    return true
  }
}
