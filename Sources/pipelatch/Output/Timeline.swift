import PipelatchCore

/// A Mermaid chart of the stages, or of the jobs where there is but one stage: https://mermaid.js.org/syntax/gantt.html
struct Timeline: Hashable, Sendable {
  /// More bars than this make no picture.
  private static let most = 50

  private struct Bar: Hashable {
    var name: String
    var state: State
    var begin: Timestamp
    var end: Timestamp
  }

  let lines: [String]

  /// Nil where no times are known.
  init?(_ run: Run, _ record: Record) {
    let bars = Self.bars(run, record)
    guard !bars.isEmpty else { return nil }
    var lines = ["gantt", "  dateFormat x", "  axisFormat %H:%M:%S", "  todayMarker off"]
    for bar in bars.prefix(Self.most) {
      let end = max(bar.end.milliseconds, bar.begin.milliseconds + 1)
      lines.append(
        "  \(Self.mark(bar.state)) \(Self.plain(bar.name)) :\(Self.tag(bar.state))"
          + "\(bar.begin.milliseconds), \(end)")
    }
    self.lines = lines
  }

  private static func bars(_ run: Run, _ record: Record) -> [Bar] {
    let last = run.finishedAt ?? run.stages.flatMap(\.jobs).compactMap(\.finishedAt).max()
    func bar(_ name: String, _ state: State, _ times: (begin: Timestamp?, end: Timestamp?)) -> Bar?
    {
      guard let begin = times.begin, let end = times.end ?? last, end >= begin else { return nil }
      return Bar(name: name, state: state, begin: begin, end: end)
    }
    if run.stages.count == 1 {
      return run.jobs.compactMap { stage, job in
        bar(job.name, job.state, record.times(of: job, in: stage))
      }
    }
    return run.stages.compactMap { stage in
      var times = record.times(of: stage)
      if times.begin == nil {
        let jobs = stage.jobs.map { record.times(of: $0, in: stage.name) }
        times = (jobs.compactMap(\.begin).min(), jobs.compactMap(\.end).max())
      }
      return bar(stage.name, stage.state, times)
    }
  }

  /// It comes first in a line, so that no name is read as a keyword.
  private static func mark(_ state: State) -> String {
    switch state {
    case .succeeded: "✓"
    case .failed, .timedOut, .canceled: "✗"
    default: "·"
    }
  }

  private static func tag(_ state: State) -> String {
    switch state {
    case .succeeded: "done, "
    case .failed, .timedOut: "crit, "
    case .running, .waiting: "active, "
    default: ""
    }
  }

  /// A name without the signs that mean something to Mermaid.
  private static func plain(_ name: String) -> String {
    let safe = name.map { $0.isLetter || $0.isNumber || "-_./+()".contains($0) ? $0 : " " }
    return String(safe)
  }
}
