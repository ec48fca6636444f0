/// Tells what changed between two looks at the same run.
enum Progress {
  /// The events that lead from `before` to `after`; `before` is nil at the first look.
  static func events(from before: Run?, to after: Run) -> [Event] {
    var events: [Event] = []
    if before == after { return events }
    if before?.state != after.state {
      events.append(.run(after.state, was: before?.state))
      note(after.state, at: "run", into: &events)
    }
    let oldStages = Dictionary(grouping: before?.stages ?? [], by: \.name)
    var metStages: [String: Int] = [:]
    for stage in after.stages {
      let old = counterpart(of: stage.name, in: oldStages, met: &metStages)
      let jobs = jobs(from: old?.jobs ?? [], to: stage.jobs, in: stage.name)
      // A stage is told before its jobs when it begins, and after them when it has ended.
      if stage.state.ended { events += jobs }
      if old?.state != stage.state {
        events.append(.stage(stage, was: old?.state))
        note(stage.state, at: "stage \(stage.name)", into: &events)
      }
      if !stage.state.ended { events += jobs }
    }
    let known = Set(before?.approvals ?? [])
    events += after.approvals.filter { !known.contains($0) }.map { .approval($0) }
    let told = Set(before?.notes ?? [])
    events += after.notes.filter { !told.contains($0) }.map { .note($0) }
    return events
  }

  private static func jobs(from before: [Job], to after: [Job], in stage: String) -> [Event] {
    var events: [Event] = []
    let byID = Dictionary(grouping: before, by: { $0.id.isEmpty ? $0.name : $0.id })
    var met: [String: Int] = [:]
    for job in after {
      let old = counterpart(of: job.id.isEmpty ? job.name : job.id, in: byID, met: &met)
      if old?.state != job.state {
        events.append(.job(job, stage: stage, was: old?.state))
        note(job.state, at: "job \(job.name)", into: &events)
      }
    }
    return events
  }

  /// Names may repeat, so the first meets the first, the second the second.
  private static func counterpart<Part>(
    of name: String, in parts: [String: [Part]], met: inout [String: Int]
  ) -> Part? {
    let place = met[name, default: 0]
    met[name] = place + 1
    guard let list = parts[name], place < list.count else { return nil }
    return list[place]
  }

  private static func note(_ state: State, at place: String, into events: inout [Event]) {
    if case .unknown(let word) = state {
      events.append(.unknownStatus(word: word, place: place))
    }
  }
}
