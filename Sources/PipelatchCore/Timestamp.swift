/// A moment on some clock, in milliseconds since 1970-01-01T00:00:00Z.
public struct Timestamp: Hashable, Comparable, Sendable {
  public let milliseconds: Int64

  public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.milliseconds < right.milliseconds
  }

  public static func - (later: Timestamp, earlier: Timestamp) -> Duration {
    let (gap, overflow) = later.milliseconds.subtractingReportingOverflow(earlier.milliseconds)
    return .milliseconds(overflow ? (later > earlier ? .max : .min) : gap)
  }

  public static func + (moment: Timestamp, gap: Duration) -> Timestamp {
    let (sum, overflow) = moment.milliseconds.addingReportingOverflow(gap.milliseconds)
    return Timestamp(milliseconds: overflow ? (gap > .zero ? .max : .min) : sum)
  }

  public static func - (moment: Timestamp, gap: Duration) -> Timestamp {
    moment + (Duration.zero - gap)
  }
}

extension Duration {
  /// Whole milliseconds, rounded towards zero and held within what 64 bits can say.
  public var milliseconds: Int64 {
    let (whole, overflow) = components.seconds.multipliedReportingOverflow(by: 1000)
    if overflow { return components.seconds > 0 ? .max : .min }
    let (sum, over) = whole.addingReportingOverflow(components.attoseconds / 1_000_000_000_000_000)
    return over ? (whole > 0 ? .max : .min) : sum
  }

  /// Seconds with their fraction, for arithmetic and for reports.
  public var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
