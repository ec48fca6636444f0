import PipelatchCore

/// What remains on a terminal when the live table is gone: stages, failed jobs, and the verdict as the last line.
struct Closing: Sendable {
  let terminal: Terminal
  /// With several targets the stages of each would be no short summary.
  var several = false

  private var glyphs: Glyphs { Glyphs(unicode: terminal.unicode) }

  func strips(_ record: Record, _ outcome: Outcome) -> [Strip] {
    // A launch has no verdict to tell.
    if outcome.isLaunch { return [] }
    var strips = several ? [] : outcome.run.map { stages($0, record) } ?? []
    for (stage, job) in record.failedJobs {
      let link = job.url.map { "  \($0)" } ?? ""
      let words = "\(job.path(in: stage)) \(job.state.told(job.took))\(link)"
      strips.append(Strip("  ") + glyphs.still(job.state) + Strip(" \(words)"))
    }
    return strips + [glyphs.mark(outcome) + Strip(" " + outcome.told(record.target), .bold)]
  }

  /// All stages in as few lines as hold them.
  private func stages(_ run: Run, _ record: Record) -> [Strip] {
    let parts = run.stages.filter { !$0.name.isEmpty }.map { stage in
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
