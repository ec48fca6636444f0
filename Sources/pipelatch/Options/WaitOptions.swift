import ArgumentParser
import PipelatchCore

/// How long, how often, and when to give up.
struct WaitOptions: ParsableArguments {
  enum OnApproval: String, CaseIterable, ExpressibleByArgument { case wait, fail }

  @Option(
    help: ArgumentHelp("The whole wait; the last look is at the deadline.", valueName: "d"),
    transform: Span.parse)
  var timeout: Duration = .seconds(3600)

  @Option(
    help: ArgumentHelp("How long a run may take to appear.", valueName: "d"),
    transform: Span.parse)
  var appearTimeout: Duration = .seconds(120)

  @Option(
    help: ArgumentHelp(
      "How long the vendor may be unreachable without a single good answer.", valueName: "d"),
    transform: Span.parse)
  var tolerate: Duration = .seconds(300)

  enum Pace: String, CaseIterable, ExpressibleByArgument { case fast, normal, frugal }

  @Option(help: "How dear a request is against a second of lag: fast, normal or frugal.")
  var pace: Pace?

  @Option(
    help: ArgumentHelp("A fixed interval in place of the backoff.", valueName: "d"),
    transform: Span.parse)
  var interval: Duration?

  @Option(
    help: ArgumentHelp("Never look more often (2s).", valueName: "d"), transform: Span.parse)
  var minInterval: Duration?

  @Option(
    help: ArgumentHelp("Never look more seldom (60s).", valueName: "d"), transform: Span.parse)
  var maxInterval: Duration?

  @Flag(name: .customLong("no-history"), help: "Do not ask for durations of past runs.")
  var noHistory = false

  @Flag(name: .customLong("fail-fast"), help: "End at the first failed job, with exit code 1.")
  var failFast = false

  @Flag(help: "With several targets: the first success opens the latch.")
  var any = false

  @Option(help: "When a person must act: wait and say so, or fail with exit code 5.")
  var onApproval: OnApproval = .wait

  @Option(
    help: ArgumentHelp(
      "Also cancel the remote run on: interrupt, timeout, fail-fast.", valueName: "list"))
  var cancelOn: String?

  @Flag(
    name: .customLong("cancel-found"), help: "Let --cancel-on cancel a run that was only found.")
  var cancelFound = false

  func validate() throws {
    _ = try causes
    for (name, value) in [
      ("--interval", interval), ("--min-interval", minInterval), ("--max-interval", maxInterval),
    ] {
      if let value, value < .milliseconds(10) {
        throw ValidationError("\(name) must be 10ms or more")
      }
    }
    if interval != nil, minInterval != nil || maxInterval != nil {
      throw ValidationError("--interval excludes --min-interval and --max-interval")
    }
    if let minInterval, let maxInterval, minInterval > maxInterval {
      throw ValidationError("--min-interval is longer than --max-interval")
    }
  }

  func schedule(_ usual: Schedule.Pace) -> Schedule {
    var schedule = Schedule()
    schedule.fixed = interval
    schedule.pace = pace.flatMap { Schedule.Pace(rawValue: $0.rawValue) } ?? usual
    schedule.cap = max(maxInterval ?? schedule.cap, minInterval ?? .zero)
    schedule.floor = min(minInterval ?? schedule.floor, schedule.cap)
    return schedule
  }

  func terms(_ accepted: Set<Verdict>, logLines: Int) throws -> Gate.Terms {
    var terms = Gate.Terms()
    terms.timeout = timeout
    terms.appear = appearTimeout
    terms.tolerate = tolerate
    terms.accepted = accepted
    terms.failFast = failFast
    terms.stopAtApproval = onApproval == .fail
    terms.cancelOn = try causes
    terms.cancelFound = cancelFound
    terms.learn = !noHistory && interval == nil
    terms.logLines = logLines
    return terms
  }

  private var causes: Set<Gate.CancelCause> {
    get throws {
      try Span.list(cancelOn ?? "", of: Gate.CancelCause.allCases, option: "--cancel-on")
    }
  }
}
