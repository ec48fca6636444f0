import PipelatchCore

/// What remains on a terminal when the live table is gone: stages, failed jobs, and the verdict as the last line.
struct Closing: Sendable {
  let terminal: Terminal
  /// The stages of several targets would be no short summary.
  let several: Bool

  private var glyphs: Glyphs { Glyphs(unicode: terminal.unicode) }

  func strips(_ endings: [(record: Record, outcome: Outcome)]) -> [Strip] {
    // A launch has no verdict to tell.
    let told = endings.filter { !$0.outcome.isLaunch }
    let stages = several ? [] : told.flatMap { rows($0.outcome.run, $0.record) }
    let failed = told.flatMap { ending in ending.record.failedJobs.map { row($0, ending.record) } }
    let verdicts = told.map { record, outcome in
      glyphs.mark(outcome) + Strip(" " + outcome.told(record.target), .bold)
    }
    return stages + failed + verdicts
  }

  private func row(_ failed: (stage: String, job: Job), _ record: Record) -> Strip {
    let (stage, job) = failed
    let name = several ? "\(record.target)  " : ""
    let link = job.url.map { "  \($0)" } ?? ""
    let words = "\(name)\(job.path(in: stage)) \(job.state.told(job.took))\(link)"
    return Strip("  ") + glyphs.still(job.state) + Strip(" \(words)")
  }

  /// All stages in as few lines as hold them.
  private func rows(_ run: Run?, _ record: Record) -> [Strip] {
    let parts = (run?.stages ?? []).filter { !$0.name.isEmpty }.map { stage in
      let times = record.times(of: stage)
      let took = times.begin.flatMap { begin in times.end.map { " \(($0 - begin).words)" } } ?? ""
      return glyphs.still(stage.state) + Strip(" \(stage.name)") + Strip(took, .dim)
    }
    var lines: [Strip] = []
    for part in parts {
      if let last = lines.last, last.columns + part.columns + 2 <= terminal.columns {
        lines[lines.count - 1] = last + Strip("  ") + part
      } else {
        lines.append(Strip("  ") + part)
      }
    }
    return lines.map { $0.cut(to: terminal.columns, mark: glyphs.more) }
  }
}
