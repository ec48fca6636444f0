import PipelatchCore

/// A clock too far off for the signatures that carry its time: the vendors that sign allow the same.
enum WrongClock {
  private static let allowed = Duration.seconds(15 * 60)

  /// What to do where this machine's clock is the cause of `response`; nil where it is not, or nothing tells.
  static func remedy(_ response: Response, at now: Timestamp) -> String? {
    guard let date = response.header("date").flatMap(Timestamp.init(httpDate:)) else { return nil }
    let gap = now - date
    guard gap > allowed || gap < .zero - allowed else { return nil }
    let minutes = Int(abs(gap.inSeconds) / 60)
    let side = gap > .zero ? "ahead of" : "behind"
    return "This machine's clock is \(minutes) minutes \(side) the vendor's, and 15 are allowed:"
      + " set it right"
  }
}
