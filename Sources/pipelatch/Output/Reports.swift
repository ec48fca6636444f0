import PipelatchCore
import Synchronization

/// All reports of one command, told and closed as one.
final class Reports: Sendable {
  private let all: [any Report]
  private let console: Console
  private let wash: Wash
  private let wantsLooks: Bool
  private let closed = Mutex(false)

  /// What is told goes through `wash`.
  init(_ all: [any Report], console: Console, wash: Wash) {
    self.all = all
    self.console = console
    self.wash = wash
    wantsLooks = all.contains { $0.wantsLooks }
  }

  func tell(_ event: Event, of target: String, at time: Timestamp) {
    // It holds the whole run, and washing thousands of jobs takes as long as reading them.
    if case .looked = event, !wantsLooks { return }
    let event = wash(event)
    for report in all { report.tell(event, of: target, at: time) }
  }

  /// Closes them once and returns the code to leave with: a report that is lost turns 0 into a fault.
  func close(_ code: ExitCode, at time: Timestamp) -> ExitCode {
    // Whoever comes second waits until the first is done, since it is about to leave.
    closed.withLock { closed in
      guard !closed else { return code }
      closed = true
      let complaints = all.flatMap { $0.close(code, at: time) }
      for complaint in complaints { console.line("pipelatch: \(complaint)", to: .error) }
      return complaints.isEmpty || code != .succeeded ? code : .fault
    }
  }
}
