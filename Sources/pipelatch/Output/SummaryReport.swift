import PipelatchCore
import Synchronization

/// The Markdown report, written to files at the end.
final class SummaryReport: Report {
  private let files: [ReportFile]
  private let records: Mutex<Records>

  init(_ files: [ReportFile], targets: [String], begun: Timestamp) {
    self.files = files
    records = Mutex(Records(targets, begun: begun))
  }

  func tell(_ event: Event, of target: String, at time: Timestamp) {
    records.withLock { $0.take(event, of: target, at: time) }
  }

  func close(_ code: ExitCode, at time: Timestamp) -> [String] {
    let pages = records.withLock { $0.all }.map { Page($0, $0.ending(code, at: time)) }
    let text = Self.text(pages, code)
    return files.compactMap { $0.write(text) }
  }

  private struct Page {
    var record: Record
    var outcome: Outcome

    init(_ record: Record, _ outcome: Outcome) {
      self.record = record
      self.outcome = outcome
    }
  }

  /// More rows than this make a page that nobody reads, and GitHub takes no page above 1 MiB.
  private static let mostJobs = 200

  private static func text(_ pages: [Page], _ code: ExitCode) -> String {
    var text =
      "## \(code == .succeeded ? "✓" : "✗") pipelatch: \(code.sentence) (\(code.rawValue))\n\n"
    text += "| target | run | verdict | took | waited | exit |\n|---|---|---|---|---|---|\n"
    for page in pages {
      let (record, outcome) = (page.record, page.outcome)
      let run = outcome.run.map { Markdown.link($0.id, $0.url) } ?? ""
      let cells = [
        Markdown.escaped(record.target), run, outcome.word, outcome.run?.duration?.words ?? "",
        outcome.waited.words, String(outcome.exitCode.rawValue),
      ]
      text += "| " + cells.joined(separator: " | ") + " |\n"
    }
    return text + pages.map { section($0, alone: pages.count == 1) }.joined()
  }

  private static func section(_ page: Page, alone: Bool) -> String {
    let (record, outcome) = (page.record, page.outcome)
    var text = alone ? "" : "\n### \(Markdown.escaped(outcome.name(record.target)))\n"
    if let message = outcome.message { text += "\n\(Markdown.escaped(message))\n" }
    guard let run = outcome.run else { return text }
    if let timeline = Timeline(run, record) {
      text += "\n" + Markdown.fenced(timeline.lines, language: "mermaid")
    }
    let jobs = run.jobs
    if !jobs.isEmpty { text += "\n| stage | job | state | took |\n|---|---|---|---|\n" }
    for (stage, job) in jobs.prefix(mostJobs) {
      let cells = [
        Markdown.escaped(stage), Markdown.link(job.name, job.url),
        Markdown.escaped(job.state.told(nil)), job.took?.words ?? "",
      ]
      text += "| " + cells.joined(separator: " | ") + " |\n"
    }
    if jobs.count > mostJobs { text += "\nand \(jobs.count - mostJobs) more jobs\n" }
    for log in record.logs {
      text += "\nThe end of the log of \(Markdown.escaped(log.job)):\n\n"
      text += Markdown.fenced(log.lines)
    }
    return text
  }
}
