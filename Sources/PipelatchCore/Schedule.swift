/// When to look next: truncated exponential backoff towards a ceiling that moves with the age of the run.
///
/// Without past durations the ceiling is 2 % of the age, 10 s at least. With them it follows Keller's checking density
/// sqrt(h / 2c), so looks are dense where runs of this pipeline use to end.
public struct Schedule: Sendable {
  public enum Pace: String, CaseIterable, Sendable {
    case fast, normal, frugal

    /// Seconds of mean lag that one request is worth.
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
  /// First delay of the ladder, in seconds: where history tells how long to stay away, the ladder need not feel its way.
  private static let base = (blind: 5.0, learned: 20.0)
  private static let growth = 2.0
  /// Whatever the options say: a loop without a pause is an attack.
  private static let least = Duration.milliseconds(10)
  private var previous: Double?
  /// Whether history, not the ladder, set the last delay.
  private var guided = false
  private var hazard: Hazard?
  /// Whether the last delay is longer than the formula's, for the budget's sake.
  private(set) var stretched = false

  public init() {}

  /// Draws the ceiling from how long past runs of the same pipeline took, the newest first.
  public mutating func learn(_ durations: [Duration]) {
    hazard = Hazard(durations: durations.map(\.inSeconds))
  }

  /// Begins the ladder anew, as at the first look at a run.
  public mutating func restart() {
    previous = nil
    guided = false
  }

  /// How long to wait after a look that found the run, of this age, not ended; `share` is the gate's part of the budget.
  public mutating func next(age: Duration, dice: Dice, share: Duration? = nil) -> Duration {
    stretched = false
    if let fixed { return max(fixed, Self.least) }
    let share = share?.inSeconds ?? 0
    let low = max(floor, Self.least).inSeconds
    let high = max(low, cap.inSeconds, share)
    let first = previous == nil
    let base = hazard == nil ? Self.base.blind : Self.base.learned
    let ladder = max(min(previous.map { Self.growth * $0 } ?? base, high), share)
    let ceiling = ceiling(age.inSeconds, dice, share)
    var delay = min(max(min(ceiling, ladder), low), high)
    previous = delay
    guided = hazard != nil && ceiling <= ladder
    // Gates that began together do not look in step; where history decides, its own step is uneven already.
    if !guided {
      delay *= first ? dice.between(0.5, 1.5) : dice.between(0.8, 1.2)
    }
    return .seconds(max(delay, min(low, 1)))
  }

  /// Looks grow with 1 / sqrt(c), so a budget that allows fewer raises c: it thins them out and keeps their pattern.
  private mutating func ceiling(_ age: Double, _ dice: Dice, _ share: Double) -> Double {
    guard let hazard else {
      let usual = pace.stretch * max(10, 0.02 * age)
      stretched = share > usual
      return max(usual, share)
    }
    // The ladder brings gates to the start of the dense part in step: there a wide step parts them.
    let jitter = guided ? dice.between(0.75, 1.25) : dice.between(0.5, 1.5)
    let step = jitter * pace.secondsPerRequest.squareRoot()
    let usual = hazard.delay(age: age, step: step)
    stretched = share > max(usual, floor.inSeconds)
    return stretched && usual > 0 ? hazard.delay(age: age, step: step * share / usual) : usual
  }
}
