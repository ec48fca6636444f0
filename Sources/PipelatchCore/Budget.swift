/// What is left of an API budget.
public struct Budget: Hashable, Sendable {
  public var remaining: Int
  public var limit: Int?
  /// When it is full again, by the vendor's clock.
  public var resetsAt: Timestamp

  public init(remaining: Int, limit: Int? = nil, resetsAt: Timestamp) {
    self.remaining = remaining
    self.limit = limit
    self.resetsAt = resetsAt
  }
}

extension Budget {
  /// Of what is left, others are left this part: CI jobs and people use the same token.
  private static let portion = 0.5

  /// The time between two requests of one gate at which all of them spend no more than half of what is left; nil where that is no matter.
  func share(at now: Timestamp, gates: Int) -> Duration? {
    let left = resetsAt - now
    guard left > .zero else { return nil }
    if remaining <= 0 { return left }
    let seconds = left.inSeconds * Double(max(1, gates)) / (Self.portion * Double(remaining))
    return min(left, .seconds(seconds))
  }

  /// What is left, for a person.
  func sentence(at now: Timestamp) -> String {
    let whole = limit.map { " of \($0)" } ?? ""
    let left = Int((resetsAt - now).inSeconds.rounded(.up))
    return "The vendor allows \(remaining)\(whole) more requests in the next \(left) s, "
      + "so pipelatch asks less often."
  }
}
