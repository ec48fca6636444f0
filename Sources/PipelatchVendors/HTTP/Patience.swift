import PipelatchCore

/// How long an answer's headers ask us to stay away, and what is left of the budget.
enum Patience {
  /// `Retry-After` in seconds or as a date, else the reset time of an exhausted limit; nil where none is given.
  static func asked(by response: Response, at now: Timestamp) -> Duration? {
    let here = response.header("date").flatMap(Timestamp.init(httpDate:)) ?? now
    if let text = response.header("retry-after") {
      if let seconds = Double(text), seconds >= 0 { return .seconds(min(seconds, 86_400)) }
      if let date = Timestamp(httpDate: text) { return max(.zero, date - here) }
    }
    // Alibaba Cloud gives milliseconds: the SDK sleeps on the bare number.
    if let text = response.header("x-acs-retry-after"), let wait = Double(text), wait > 0 {
      return .milliseconds(Int(min(wait, 86_400_000)))
    }
    if let budget = budget(in: response), budget.remaining == 0 {
      return max(.zero, budget.resetsAt - here)
    }
    return nil
  }

  /// The limit that GitHub (`x-ratelimit-*`) and GitLab (`ratelimit-*`) report; reset times are seconds since 1970.
  static func budget(in response: Response) -> Budget? {
    for prefix in ["x-ratelimit-", "ratelimit-"] {
      guard let remaining = response.header(prefix + "remaining").flatMap({ Int($0) }),
        let reset = response.header(prefix + "reset").flatMap({ Int64($0) }),
        reset > 0, reset < 100_000_000_000
      else { continue }
      return Budget(
        remaining: max(0, remaining), limit: response.header(prefix + "limit").flatMap { Int($0) },
        resetsAt: Timestamp(milliseconds: reset * 1000))
    }
    return nil
  }
}
