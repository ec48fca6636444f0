/// Lets requests to one server through in an even stream, however many gates ask at once.
struct Turnstile: Sendable {
  /// Between two requests once those at hand have gone.
  private static let spacing = Duration.milliseconds(40)
  /// Requests that may go at once: what one gate sends at a time.
  private static let burst = 4
  /// When the stream has caught up with what was let through.
  private var even = Duration.zero

  /// How long the request that comes at `now` waits.
  mutating func pass(at now: Duration) -> Duration {
    let wait = max(.zero, even - now - Self.spacing * (Self.burst - 1))
    even = max(even, now) + Self.spacing
    return wait
  }
}
