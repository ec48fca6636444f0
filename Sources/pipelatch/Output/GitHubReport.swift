import PipelatchCore
import Synchronization

/// What GitHub Actions reads: failed jobs as annotations, the verdict as outputs of the step.
final class GitHubReport: Report {
  /// GitHub shows ten errors of a step.
  private static let most = 9
  private static let logLines = 10

  private let console: Console
  private let outputs: ReportFile?
  private let records: Mutex<Records>

  init(_ console: Console, targets: [String], begun: Timestamp, outputs: ReportFile?) {
    self.console = console
    self.outputs = outputs
    records = Mutex(Records(targets, begun: begun))
  }

  func tell(_ event: Event, of target: String, at time: Timestamp) {
    let record = records.withLock { records in
      records.take(event, of: target, at: time)
      return records[target]
    }
    guard case .verdict(let outcome) = event, let record else { return }
    // The runner reads both streams; programs read only standard output, so this is no place for it.
    for annotation in Self.annotations(record, outcome) {
      console.line(annotation.line, to: .error)
    }
  }

  func close(_ code: ExitCode, at time: Timestamp) -> [String] {
    guard let outputs, let record = records.withLock({ $0.decisive(code) }) else { return [] }
    let outcome = record.ending(code, at: time)
    let values = [
      ("run-id", outcome.run?.id), ("run-url", outcome.run?.url),
      ("verdict", outcome.verdict?.rawValue), ("reason", outcome.reason?.rawValue),
      ("exit-code", String(code.rawValue)),
    ]
    let text = values.map { "\($0)=\($1 ?? "")\n" }.joined()
    return [outputs.write(text)].compactMap { $0 }
  }

  /// The failed jobs, and the end itself where no job explains it.
  static func annotations(_ record: Record, _ outcome: Outcome) -> [Annotation] {
    let good = outcome.exitCode == .succeeded
    let level = good ? Annotation.Level.warning : .error
    let failed = record.failedJobs
    var all = failed.prefix(most).map { stage, job in
      var lines = ["\(record.target): \(job.path(in: stage)) \(job.state.told(job.took))"]
      if let url = job.url { lines.append(url) }
      lines += record.log(of: job)?.lines.suffix(logLines) ?? []
      return Annotation(
        level: level, title: "\(job.path(in: stage)) \(job.state.word)",
        message: lines.joined(separator: "\n"))
    }
    if failed.count > most {
      all.append(
        Annotation(
          level: level, title: "\(failed.count - most) more jobs failed",
          message: outcome.run?.url ?? record.target))
    }
    if !good, failed.isEmpty {
      all.append(
        Annotation(
          level: .error, title: "\(record.target) \(outcome.word)",
          message: outcome.told(record.target)))
    }
    return all
  }
}
