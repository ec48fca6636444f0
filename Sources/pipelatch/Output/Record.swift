import PipelatchCore

/// What has been told of one target so far; the live table and the reports that speak at the end are written from it.
struct Record: Sendable {
  struct Log: Hashable, Sendable {
    var job: String
    var lines: [String]
  }

  /// When a part was first seen to have begun and to have ended, by our own clock.
  private struct Spell {
    var begin: Timestamp?
    var end: Timestamp?
  }

  let target: String
  let begun: Timestamp
  private(set) var run: Run?
  private(set) var logs: [Log] = []
  /// Newest first.
  private(set) var past: [Duration] = []
  /// The last failure since the last good look, and how many there were.
  private(set) var trouble: Trouble?
  private(set) var failures = 0
  private(set) var nextLook: Timestamp?
  private(set) var outcome: Outcome?
  private var troubled = false
  private var spells: [String: Spell] = [:]

  init(_ target: String, begun: Timestamp) {
    self.target = target
    self.begun = begun
  }

  mutating func take(_ event: Event, at time: Timestamp) {
    switch event {
    case .located(let run, _, _): self.run = run
    case .stage(let stage, _): see(Self.key(stage), stage.state, at: time)
    case .job(let job, let stage, _): see(Self.key(job, stage), job.state, at: time)
    case .trouble(let trouble):
      self.trouble = trouble
      failures += 1
      troubled = true
    case .log(let job, let lines): logs.append(Log(job: job, lines: lines))
    case .learned(let durations): past = durations
    case .looked(let run, let next):
      self.run = run ?? self.run
      nextLook = next.map { time + $0 }
      if !troubled { (trouble, failures) = (nil, 0) }
      troubled = false
    case .verdict(let outcome):
      self.outcome = outcome
      run = outcome.run ?? run
      nextLook = nil
    case .run, .approval, .unknownStatus, .note: break
    }
  }

  /// The end that is reported, also where the program leaves before the gate has told its own.
  func ending(_ code: ExitCode, at time: Timestamp) -> Outcome {
    if let outcome { return outcome }
    var outcome = Outcome(reason: .interrupted, exitCode: code, message: "Interrupted.", run: run)
    outcome.waited = time - begun
    return outcome
  }

  /// The vendor's own times, or where it gives none when pipelatch saw it.
  func times(of stage: Stage) -> (begin: Timestamp?, end: Timestamp?) {
    times(stage.startedAt, stage.finishedAt, stage.state, Self.key(stage))
  }

  func times(of job: Job, in stage: String) -> (begin: Timestamp?, end: Timestamp?) {
    times(job.startedAt, job.finishedAt, job.state, Self.key(job, stage))
  }

  private func times(
    _ begin: Timestamp?, _ end: Timestamp?, _ state: State, _ key: String
  ) -> (begin: Timestamp?, end: Timestamp?) {
    if let begin { return (begin, state.ended ? end : nil) }
    let spell = spells[key]
    return (spell?.begin, state.ended ? spell?.end : nil)
  }

  private mutating func see(_ key: String, _ state: State, at time: Timestamp) {
    var spell = spells[key] ?? Spell()
    switch state {
    case .running, .waiting: spell.begin = spell.begin ?? time
    // What had ended before it was first seen took nobody knows how long.
    case _ where state.ended: if spell.begin != nil { spell.end = spell.end ?? time }
    default: break
    }
    spells[key] = spell
  }

  private static func key(_ stage: Stage) -> String { "stage \(stage.name)" }
  private static func key(_ job: Job, _ stage: String) -> String {
    "job \(stage)/\(job.id.isEmpty ? job.name : job.id)"
  }
}

extension Record {
  /// The log that was told of this job; jobs of one name share the first.
  func log(of job: Job) -> Log? { logs.first { $0.job == job.name } }

  /// Jobs that failed in a way worth a reader's eye, with their stages.
  var failedJobs: [(stage: String, job: Job)] {
    (run?.jobs ?? []).filter { $0.job.state == .failed || $0.job.state == .timedOut }
  }
}
