import PipelatchCore
import Synchronization

/// The verdict as variables, for GitLab's `artifacts:reports:dotenv`: no comments, no empty values, one line each.
final class DotenvReport: Report {
  private let file: ReportFile
  private let records: Mutex<Records>

  init(_ file: ReportFile, targets: [String], begun: Timestamp) {
    self.file = file
    records = Mutex(Records(targets, begun: begun))
  }

  func tell(_ event: Event, of target: String, at time: Timestamp) {
    records.withLock { $0.take(event, of: target, at: time) }
  }

  func close(_ code: ExitCode, at time: Timestamp) -> [String] {
    guard let record = records.withLock({ $0.decisive(code) }) else { return [] }
    return [file.write(Self.text(record.ending(code, at: time), code))].compactMap { $0 }
  }

  static func text(_ outcome: Outcome, _ code: ExitCode) -> String {
    let values: [(String, String?)] = [
      ("RUN_ID", outcome.run?.id), ("RUN_URL", outcome.run?.url),
      ("VERDICT", outcome.verdict?.rawValue), ("REASON", outcome.reason?.rawValue),
      ("EXIT_CODE", String(code.rawValue)),
    ]
    return values.compactMap { name, value in
      value.flatMap { $0.isEmpty ? nil : "PIPELATCH_\(name)=\($0)\n" }
    }.joined()
  }
}
