/// Lets requests to one server through in an even stream of small groups, however many gates ask at once: what comes
/// together costs one waking up.
struct Turnstile: Sendable {
  /// From one group to the next once those at hand have gone.
  private static let spacing = Duration.milliseconds(240)
  /// Requests of a group: what one gate sends in one look, as a rule.
  private static let most = 6
  /// When the last group goes, and how many it has.
  private var group = (at: Duration.zero, size: 0)

  /// How long the request that comes at `now` waits.
  mutating func pass(at now: Duration) -> Duration {
    if now >= group.at + Self.spacing {
      group = (now, 0)
    } else if group.size == Self.most {
      group = (group.at + Self.spacing, 0)
    }
    group.size += 1
    return max(.zero, group.at - now)
  }
}
