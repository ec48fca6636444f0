/// A script whose stages begin only when they are executed.
struct StagedRun: Sendable {
  /// As the run would go if nothing ever stood still.
  private let plan: Script
  private(set) var script: Script
  /// Stages from the first on that have been executed or begin by themselves.
  private(set) var begun: Int

  /// `byItself` stages begin as planned, the others when told.
  init(_ plan: Script, byItself: Int) {
    self.plan = plan
    script = plan
    begun = byItself
    for stage in script.stages.indices.dropFirst(byItself) {
      for job in script.stages[stage].jobs.indices {
        script.stages[stage].jobs[job].begin = .infinity
        script.stages[stage].jobs[job].end = .infinity
      }
    }
  }

  /// The place of the stage that may be executed at `moment`, or nil: all before it must have succeeded.
  func due(at moment: Double) -> Int? {
    let shot = script.snapshot(at: moment)
    guard begun < shot.stages.count,
      shot.stages.prefix(begun).allSatisfy({ $0.phase == .succeeded })
    else { return nil }
    return begun
  }

  /// Whether a person has yet to let the stage go on.
  func hasGate(_ stage: Int) -> Bool {
    plan.stages[stage].jobs.contains { $0.meanwhile == .waiting }
  }

  /// Lets the next stage begin at `moment`, as long and as it was planned.
  mutating func execute(at moment: Double) {
    let jobs = plan.stages[begun].jobs
    let shift = moment - (jobs.map(\.begin).min() ?? moment)
    for job in jobs.indices {
      script.stages[begun].jobs[job].begin = jobs[job].begin + shift
      script.stages[begun].jobs[job].end = jobs[job].end + shift
    }
    begun += 1
  }

  /// False where the run has ended.
  mutating func cancel(at moment: Double) -> Bool {
    guard !phase(at: moment).ended, let stopped = script.canceled(at: moment) else { return false }
    script = stopped
    return true
  }

  /// A stage that did not succeed ends the run, and those behind it never begin.
  func phase(at moment: Double) -> Phase {
    let phases = script.snapshot(at: moment).stages.map(\.phase)
    if let bad = phases.first(where: { $0.ended && $0 != .succeeded }) { return bad }
    if phases.allSatisfy({ $0 == .succeeded }) { return .succeeded }
    return phases.allSatisfy { $0 == .queued } ? .queued : .running
  }

  /// When something last changed, at `moment` the latest.
  func changed(by moment: Double) -> Double {
    script.jobs.flatMap { [$0.begin, $0.end] }.filter { $0 <= moment }.max() ?? 0
  }
}
