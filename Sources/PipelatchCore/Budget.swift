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
  /// The part of what is left that the gates may spend: CI jobs and people use the same token.
  private static let portion = 0.5

  /// The time between two looks of one gate, of `cost` requests each, at which all gates spend their portion until the
  /// budget is full again; nil where it is.
  func share(at now: Timestamp, gates: Int, cost: Double = 1) -> Duration? {
    let left = resetsAt - now
    guard left > .zero else { return nil }
    guard remaining > 0 else { return left }
    let looks = Self.portion * Double(remaining) / (Double(max(1, gates)) * max(1, cost))
    return min(left, .seconds(left.inSeconds / looks))
  }

  /// What is left, for a person.
  func sentence(at now: Timestamp) -> String {
    let whole = limit.map { " of \($0)" } ?? ""
    let left = Int((resetsAt - now).inSeconds.rounded(.up))
    return "The vendor allows \(remaining)\(whole) more requests in the next \(left) s, "
      + "so pipelatch asks less often."
  }
}
