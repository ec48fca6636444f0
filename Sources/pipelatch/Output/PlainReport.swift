import PipelatchCore
import Synchronization

/// Lines for people, appended, never moving the cursor: a CI log is a file.
final class PlainReport: Report {
  /// Silence is broken by a line this often, and a trouble that stays is told this seldom.
  private static let heartbeat = Duration.seconds(120)

  private struct Course {
    var records: Records
    var lastLine: [String: Timestamp] = [:]
    /// Which trouble was last told, and when.
    var troubles: [String: (kind: String, at: Timestamp)] = [:]
    /// The open section, and how many there have been.
    var section: String?
    var sections = 0
  }

  private let console: Console
  private let several: Bool
  private let begun: Timestamp
  private let fold: Fold
  private let course: Mutex<Course>

  init(_ console: Console, targets: [String], begun: Timestamp, fold: Fold = .none) {
    self.console = console
    self.several = targets.count > 1
    self.begun = begun
    self.fold = fold
    course = Mutex(Course(records: Records(targets, begun: begun)))
  }

  func tell(_ event: Event, of target: String, at time: Timestamp) {
    course.withLock { course in
      // No more than this number: a copy of the record would be a copy of all its jobs for each event.
      let failures = course.records[target]?.failures ?? 0
      course.records.take(event, of: target, at: time)
      let lines = lines(event, target, failures, time, &course)
      guard !lines.isEmpty else { return }
      course.lastLine[target] = time
      // A verdict names its target by itself.
      let named = if case .verdict = event { true } else { !several }
      let name = named ? "" : "\(target)  "
      let stamped = lines.map { "\((time - begun).clock.padded(6))  \(name)\($0)" }
      write(folded(stamped, event, target, time, &course))
    }
  }

  func close(_ code: ExitCode, at time: Timestamp) -> [String] {
    course.withLock { course in
      var lines = [shut(&course, time)].compactMap { $0 }
      if let sum = course.records.sum(code, at: time) {
        lines.append("\((time - begun).clock.padded(6))  \(sum)")
      }
      write(lines)
    }
    return []
  }

  private func write(_ lines: [String]) {
    if !lines.isEmpty { console.write(lines.joined(separator: "\n") + "\n", to: .error) }
  }

  private func lines(
    _ event: Event, _ target: String, _ failures: Int, _ time: Timestamp, _ course: inout Course
  ) -> [String] {
    switch event {
    case .trouble(let trouble):
      let kind = "\(trouble.kind) \(trouble.status ?? 0)"
      if let last = course.troubles[target], last.kind == kind, time - last.at < Self.heartbeat {
        return []
      }
      course.troubles[target] = (kind, time)
      return Wording.lines(event)
    case .looked(_, let next):
      guard let record = course.records[target] else { return [] }
      if failures > 1, record.failures == 0 {
        return ["answers again, after \(failures) failed tries"]
      }
      let last = course.lastLine[target] ?? begun
      return time - last >= Self.heartbeat ? [beat(record, next, time)] : []
    case .verdict(let outcome):
      // A launch has no verdict to tell: the run's id on standard output says it all.
      return outcome.isLaunch ? [] : [outcome.told(target)]
    default: return Wording.lines(event)
    }
  }

  private func beat(_ record: Record, _ next: Duration?, _ time: Timestamp) -> String {
    var parts: [String] = []
    if let run = record.run {
      let busy = run.jobs.filter { $0.job.state == .running || $0.job.state == .waiting }
      let names = busy.prefix(3).map { $0.job.path(in: $0.stage) }.joined(separator: ", ")
      let more = busy.count > 3 ? " and \(busy.count - 3) more" : ""
      parts.append(
        "run \(run.id) still \(run.state.word)" + (busy.isEmpty ? "" : " at \(names)\(more)"))
      if let start = run.startedAt ?? run.createdAt,
        let estimate = Estimate(past: record.past, age: time - start)
      {
        parts.append(estimate.words)
      }
    } else {
      parts.append("no run yet")
    }
    if record.failures > 0 { parts.append("\(record.failures) failed tries") }
    if let next { parts.append("next look in \(next.words)") }
    return parts.joined(separator: "; ")
  }

  /// What leads to a verdict goes into a section, and a log into one of its own inside; the verdict stays in sight.
  private func folded(
    _ lines: [String], _ event: Event, _ target: String, _ time: Timestamp, _ course: inout Course
  ) -> [String] {
    if case .verdict = event { return [shut(&course, time)].compactMap { $0 } + lines }
    var all: [String] = []
    if course.section == nil {
      course.sections += 1
      let name = "pipelatch_\(course.sections)"
      course.section = name
      let title = several ? "Waiting for several targets" : "Waiting for \(target)"
      all = [fold.open(name, title, at: time)].compactMap { $0 }
    }
    guard case .log(let job, _) = event else { return all + lines }
    course.sections += 1
    let name = "pipelatch_log_\(course.sections)"
    let start = fold.open(name, "Log of \(job)", at: time)
    return all + [start].compactMap { $0 } + lines
      + [fold.close(name, at: time)].compactMap { $0 }
  }

  private func shut(_ course: inout Course, _ time: Timestamp) -> String? {
    defer { course.section = nil }
    return course.section.flatMap { fold.close($0, at: time) }
  }
}
