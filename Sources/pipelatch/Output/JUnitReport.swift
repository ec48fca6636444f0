import FoundationEssentials
import PipelatchCore
import PipelatchVendors
import Synchronization

/// Jobs as test cases, in the dialect that Jenkins and GitLab read.
final class JUnitReport: Report {
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
    let suites = records.withLock { $0.all }.map { record in
      Suite(record, record.ending(code, at: time))
    }
    return [file.write(Self.text(suites))].compactMap { $0 }
  }

  static func text(_ suites: [Suite]) -> String {
    let cases = suites.flatMap(\.cases)
    var text = #"<?xml version="1.0" encoding="UTF-8"?>"# + "\n"
    text += "<testsuites name=\"pipelatch\"\(counts(cases))>\n"
    for suite in suites {
      text += "  <testsuite name=\(XML.quoted(suite.name))\(counts(suite.cases))"
      text += " skipped=\"\(suite.cases.count { $0.result.tag == "skipped" })\""
      text += " time=\"\(seconds(suite.took))\" timestamp=\"\(moment(suite.begun))\">\n"
      for test in suite.cases { text += element(test) }
      text += "  </testsuite>\n"
    }
    return text + "</testsuites>\n"
  }

  private static func counts(_ cases: [Case]) -> String {
    " tests=\"\(cases.count)\" failures=\"\(cases.count { $0.result.tag == "failure" })\""
      + " errors=\"\(cases.count { $0.result.tag == "error" })\""
  }

  private static func element(_ test: Case) -> String {
    let head =
      "    <testcase classname=\(XML.quoted(test.group)) name=\(XML.quoted(test.name))"
      + " time=\"\(seconds(test.took ?? .zero))\""
    guard let tag = test.result.tag else { return head + "/>\n" }
    let open = "      <\(tag) message=\(XML.quoted(test.message))"
    let type = tag == "skipped" ? "" : " type=\(XML.quoted(test.word))"
    let body = test.text.isEmpty ? "/>\n" : ">\(XML.escaped(test.text))</\(tag)>\n"
    return head + ">\n" + open + type + body + "    </testcase>\n"
  }

  private static func seconds(_ duration: Duration) -> String {
    let milliseconds = max(0, duration.milliseconds)
    return "\(milliseconds / 1000)." + String(1000 + milliseconds % 1000).dropFirst()
  }

  /// ISO 8601 in UTC without a zone, as the format has it.
  private static func moment(_ time: Timestamp) -> String {
    String(time.date.formatted(Date.ISO8601FormatStyle()).prefix(19))
  }
}

extension JUnitReport {
  struct Case: Hashable, Sendable {
    enum Result: Hashable, Sendable {
      case passed, failure, error, skipped

      var tag: String? {
        switch self {
        case .passed: nil
        case .failure: "failure"
        case .error: "error"
        case .skipped: "skipped"
        }
      }
    }

    var group: String
    var name: String
    var took: Duration?
    var result: Result
    var word: String
    var message: String
    var text = ""
  }

  /// One target: its jobs, and its verdict as a test case, so that no report is green where the gate is shut.
  struct Suite: Sendable {
    var name: String
    var begun: Timestamp
    var took: Duration
    var cases: [Case] = []

    init(_ record: Record, _ outcome: Outcome) {
      name = outcome.name(record.target)
      begun = outcome.run?.startedAt ?? outcome.run?.createdAt ?? record.begun
      took = outcome.run?.duration ?? outcome.waited
      var met: [String: Int] = [:]
      for (stage, job) in outcome.run?.jobs ?? [] {
        let group = stage.isEmpty ? record.target : "\(record.target) / \(stage)"
        // Readers take two of one name for one, and the second would be lost.
        let count = met["\(group)/\(job.name)", default: 0] + 1
        met["\(group)/\(job.name)"] = count
        let log = job.state.isBad ? record.log(of: job)?.lines ?? [] : []
        cases.append(
          Case(
            group: group, name: count == 1 ? job.name : "\(job.name) (\(count))", took: job.took,
            result: Self.result(job), word: job.state.word, message: job.state.told(job.took),
            text: ([job.state.isBad ? job.url : nil].compactMap { $0 } + log)
              .joined(separator: "\n")))
      }
      let good = outcome.exitCode == .succeeded
      cases.append(
        Case(
          group: record.target, name: "verdict", took: took,
          result: good ? .passed : outcome.verdict == .failed ? .failure : .error,
          word: outcome.word, message: outcome.told(record.target)))
    }

    private static func result(_ job: Job) -> Case.Result {
      switch job.state {
      case .succeeded: .passed
      case .failed, .timedOut: job.mayFail ? .skipped : .failure
      case .queued, .running, .waiting, .canceled, .skipped, .unknown: .skipped
      }
    }
  }
}
