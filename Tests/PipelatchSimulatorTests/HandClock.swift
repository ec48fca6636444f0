import Foundation
import Synchronization

/// A clock that stands still until it is told.
final class HandClock: Sendable {
  static let begin = Date(timeIntervalSince1970: 1_790_000_000)
  private let passed = Mutex(0.0)

  var now: @Sendable () -> Date {
    { [self] in Self.begin.addingTimeInterval(passed.withLock { $0 }) }
  }

  func advance(by seconds: Double) { passed.withLock { $0 += seconds } }
}
