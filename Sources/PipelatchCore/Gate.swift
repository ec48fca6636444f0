/// One run to wait for: what is asked, on which terms, and the world it is asked in.
public struct Gate: Sendable {
  public enum Purpose: Hashable, Sendable {
    /// Find a run and block until it has ended.
    case wait(Selector)
    /// Find a run and say how it stands.
    case check(Selector)
    /// Start a run and block until it has ended.
    case trigger(Order)
    /// Start a run and say which.
    case launch(Order)
  }

  /// What a gate may do to the remote run when it leaves before the run's end.
  public enum CancelCause: String, CaseIterable, Hashable, Sendable {
    case interrupt, timeout
    case failFast = "fail-fast"
  }

  public struct Terms: Sendable {
    /// The whole wait.
    public var timeout: Duration = .seconds(3600)
    /// How long a run may take to appear.
    public var appear: Duration = .seconds(120)
    /// How long without a single good answer.
    public var tolerate: Duration = .seconds(300)
    /// Verdicts that count as success beside success itself.
    public var accepted: Set<Verdict> = []
    /// End at the first failed job.
    public var failFast = false
    /// End when a person must act.
    public var stopAtApproval = false
    public var cancelOn: Set<CancelCause> = []
    /// Also cancel a run that this process did not start.
    public var cancelFound = false
    /// Ask for durations of past runs.
    public var learn = true
    /// Lines of each failed job's log; none is asked for at 0.
    public var logLines = 20

    public init() {}
  }

  public var pipeline: any Pipeline
  public var purpose: Purpose
  public var terms: Terms
  public var schedule: Schedule
  public var time: any Timekeeper
  public var dice: Dice
  public var meter: any Meter
  /// What all gates of one pipeline have in common, and what they know of it.
  public var name = ""
  public var past = Past()
  /// Which code an interrupted wait ends with; asked once the task is canceled. Nil where another gate's success ended it.
  public var interruption: @Sendable () -> ExitCode?
  public var tell: @Sendable (Event) -> Void

  public init(
    pipeline: any Pipeline, purpose: Purpose, terms: Terms, schedule: Schedule,
    time: any Timekeeper, dice: Dice, meter: any Meter,
    interruption: @escaping @Sendable () -> ExitCode? = { .interrupted },
    tell: @escaping @Sendable (Event) -> Void
  ) {
    self.pipeline = pipeline
    self.purpose = purpose
    self.terms = terms
    self.schedule = schedule
    self.time = time
    self.dice = dice
    self.meter = meter
    self.interruption = interruption
    self.tell = tell
  }

  /// Runs the gate to its end, telling every event on the way, the verdict last.
  public func run() async -> Outcome {
    var watch = Watch(self)
    var outcome = await watch.untilDone()
    let farewell = Farewell(self)
    if let better = await farewell.cancelIfAsked(
      outcome, triggered: watch.triggered, handle: watch.handle)
    {
      outcome.run = better
    }
    outcome.waited = time.elapsed - watch.begun
    outcome.requests = meter.requests
    meter.leave()
    tell(.verdict(outcome))
    return outcome
  }
}
