import PipelatchCore

/// The live table at one moment: a pure function of what is known, the terminal and the time.
struct Frame: Sendable {
  /// How much of a run is shown; the fullest that fits is taken.
  enum Detail: CaseIterable {
    /// Every stage and job.
    case all
    /// No jobs of stages that ended well or have not begun.
    case unfinished
    /// Only what runs, waits or failed.
    case active
    /// One line for a target.
    case heads
  }

  let terminal: Terminal
  let now: Timestamp

  private var glyphs: Glyphs { Glyphs(unicode: terminal.unicode) }
  /// Five steps a second.
  private var step: Int { Int(now.milliseconds / 200 % 1_000_000) }

  /// At most one line less than the terminal has.
  func strips(_ glances: [Glance]) -> [Strip] {
    let room = max(2, terminal.rows - 1)
    var strips: [Strip] = []
    for detail in Detail.allCases {
      strips = glances.flatMap { rows($0, detail) } + [foot(glances)]
      if strips.count <= room { return strips }
    }
    let hidden = strips.count - room + 1
    return strips.prefix(room - 2) + [Strip("\(glyphs.more) and \(hidden) more lines", .dim)]
      + strips.suffix(1)
  }

  private func rows(_ glance: Glance, _ detail: Detail) -> [Strip] {
    var rows = [head(glance)]
    let record = glance.record
    if let trouble = record.trouble, record.outcome == nil {
      let text = "\(trouble.kind.rawValue): \(trouble.message)"
      let lines = text.wrapped(columns: terminal.columns - 2).prefix(detail == .heads ? 1 : 3)
      rows += lines.map { line(Strip("  \($0)", .yellow)) }
    }
    guard detail != .heads, let run = record.run else { return rows }
    if record.outcome == nil || detail == .all {
      for stage in run.stages { rows += self.rows(stage, glance, detail) }
    }
    if record.outcome == nil { rows += progress(run, glance) }
    return rows
  }

  private func head(_ glance: Glance) -> Strip {
    let record = glance.record
    if let outcome = record.outcome {
      return line(glyphs.mark(outcome) + Strip(" " + outcome.told(record.target)))
    }
    let clock = Strip((now - record.begun).clock, .bold)
    guard let run = record.run else {
      return line(
        Strip(glyphs.spinner(step), .cyan) + Strip(" \(record.target)", .bold)
          + Strip("  no run yet", .dim), clock)
    }
    let name = record.target.contains("#\(run.id)") ? "" : "run \(run.id)"
    return line(
      glyphs.mark(run.state, step: step) + Strip(" \(record.target)", .bold)
        + Strip("  \(name)\(run.origin)", .dim), clock)
  }

  private func rows(_ stage: Stage, _ glance: Glance, _ detail: Detail) -> [Strip] {
    let active = stage.state.isActive || stage.jobs.contains { $0.state.isActive }
    if detail == .active, !active { return [] }
    // A stage without a name, or that is but its one job, is no level of its own.
    let flat = stage.name.isEmpty || (stage.jobs.count == 1 && stage.jobs[0].name == stage.name)
    var rows: [Strip] = []
    if !flat {
      rows.append(row("  ", stage.name, stage.state, glance.record.times(of: stage), glance))
      if detail == .unfinished, !active { return rows }
    }
    for job in stage.jobs where detail != .active || job.state.isActive {
      let times = glance.record.times(of: job, in: stage.name)
      rows.append(row(flat ? "  " : "    ", job.name, job.state, times, glance))
    }
    return rows
  }

  private func row(
    _ indent: String, _ name: String, _ state: State, _ times: (begin: Timestamp?, end: Timestamp?),
    _ glance: Glance
  ) -> Strip {
    let took: Duration? = times.begin.map { begin in
      (times.end ?? now + glance.skew) - begin
    }
    let right: Strip
    switch state {
    case .queued: right = Strip("")
    case .running: right = Strip(took?.clock ?? "")
    case .waiting: right = Strip("waiting \(took?.clock ?? "")", .yellow)
    case .succeeded: right = Strip(times.end == nil ? "" : took?.words ?? "", .dim)
    case .skipped: right = Strip("skipped", .dim)
    case .unknown(let word): right = Strip("\(word)?", .yellow)
    case .failed, .timedOut, .canceled:
      let length = times.end == nil ? "" : took.map { " \($0.words)" } ?? ""
      right = Strip(state.word + length, state.isBad ? .red : .yellow)
    }
    let ink: Strip.Ink = state == .queued || state == .skipped ? .dim : .plain
    return line(
      Strip(indent) + glyphs.mark(state, step: step) + Strip(" \(name)", ink), right)
  }

  /// The way that is behind the run and when it may end, or how many jobs have.
  private func progress(_ run: Run, _ glance: Glance) -> [Strip] {
    let age = (run.startedAt ?? run.createdAt).map { now + glance.skew - $0 }
    if let age, run.state != .queued, let estimate = Estimate(past: glance.record.past, age: age) {
      let percent = "\(Int(estimate.share * 100)) %".padded(5)
      let room = terminal.columns - 4
      let long = Strip("\(percent)  \(estimate.words)")
      let words = long.columns + 8 <= room ? long : Strip("\(percent)  \(estimate.brief)")
      let bar = max(4, min(24, room - words.columns))
      return [line(Strip("  ") + glyphs.bar(estimate.share, columns: bar) + Strip(" ") + words)]
    }
    let jobs = run.jobs
    if jobs.count < 2 { return [] }
    let done = jobs.count { $0.job.state.ended }
    return [line(Strip("  \(done) of \(jobs.count) jobs ended", .dim))]
  }

  /// When the next look is due, and what looking costs.
  private func foot(_ glances: [Glance]) -> Strip {
    var parts: [String] = []
    let open = glances.filter { $0.record.outcome == nil }
    if glances.count > 1 { parts.append("\(glances.count - open.count) of \(glances.count) ended") }
    if let next = open.compactMap(\.record.nextLook).min(), next > now {
      parts.append("next look in \(whole(next - now).words)")
    } else if !open.isEmpty {
      parts.append("looking")
    }
    if let budget = glances.compactMap(\.budget).min(by: { $0.remaining < $1.remaining }) {
      parts.append("API \(budget.remaining)\(budget.limit.map { "/\($0)" } ?? "") left")
    }
    let (total, failed) = glances.reduce((0, 0)) {
      ($0.0 + $1.requests.total, $0.1 + $1.requests.failed)
    }
    if total > 0 {
      let words = total == 1 ? "1 request" : "\(total) requests"
      parts.append(failed == 0 ? words : "\(total) asked, \(failed) failed")
    }
    return line(Strip("  " + parts.joined(separator: glyphs.dot), .dim))
  }

  private func line(_ left: Strip, _ right: Strip = Strip("")) -> Strip {
    Strip.spread(left, right, columns: terminal.columns, mark: glyphs.more)
  }

  /// Full seconds, so that a countdown does not flicker.
  private func whole(_ duration: Duration) -> Duration {
    .seconds(Int64(duration.inSeconds.rounded(.up)))
  }
}

extension State {
  /// Worth a line where there is room for few.
  fileprivate var isActive: Bool {
    switch self {
    case .running, .waiting, .failed, .timedOut, .unknown: true
    case .queued, .succeeded, .canceled, .skipped: false
    }
  }
}
