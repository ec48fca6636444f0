/// When to look next: truncated exponential backoff towards a ceiling that moves with the age of the run.
///
/// Without past durations the ceiling is 2 % of the age, 10 s at least. With them it follows Keller's checking density
/// sqrt(h / 2c), so looks are dense where runs of this pipeline use to end.
public struct Schedule: Sendable {
  /// Seconds of mean lag that one request is worth.
  public enum Pace: String, CaseIterable, Sendable {
    case fast, normal, frugal

    public var secondsPerRequest: Double {
      switch self {
      case .fast: 0.03
      case .normal: 0.1
      case .frugal: 0.5
      }
    }

    /// How much wider than usual looks are apart where there is nothing to learn from. Looks go with the inverse root of
    /// their price; no pace is denser than usual, since nothing says where.
    fileprivate var stretch: Double {
      max(1, (secondsPerRequest / Pace.normal.secondsPerRequest).squareRoot())
    }
  }

  /// A fixed interval in place of the whole formula.
  public var fixed: Duration?
  public var floor: Duration = .seconds(2)
  public var cap: Duration = .seconds(60)
  public var pace: Pace = .normal
  /// First delay of the ladder, in seconds.
  private static let base = 5.0
  private static let growth = 2.0
  private var previous: Double?
  private var hazard: Hazard?

  public init() {}

  /// Draws the ceiling from how long past runs of the same pipeline took.
  public mutating func learn(_ durations: [Duration]) {
    hazard = Hazard(
      durations: durations.map(\.inSeconds), secondsPerRequest: pace.secondsPerRequest)
  }

  /// How long to wait after a look that found the run, of this age, not ended.
  public mutating func next(age: Duration, dice: Dice) -> Duration {
    if let fixed { return fixed }
    let low = floor.inSeconds
    let high = max(low, cap.inSeconds)
    let ladder = min(previous.map { Self.growth * $0 } ?? Self.base, high)
    let ceiling =
      hazard?.next(age: age.inSeconds, dice: dice)
      ?? pace.stretch * max(10, 0.02 * age.inSeconds)
    let first = previous == nil
    var delay = min(max(min(ceiling, ladder), low), high)
    previous = delay
    if ceiling > ladder || hazard == nil {
      delay *= first ? dice.between(0.5, 1.5) : dice.between(0.8, 1.2)
    }
    return .seconds(max(delay, min(low, 1)))
  }
}
