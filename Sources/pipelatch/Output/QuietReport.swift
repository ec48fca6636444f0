import PipelatchCore

/// Nothing but the last line, and that only where the exit code is not 0.
struct QuietReport: Report {
  let console: Console
  var wantsLooks: Bool { false }

  func tell(_ event: Event, of target: String, at time: Timestamp) {
    guard case .verdict(let outcome) = event, outcome.exitCode != .succeeded else { return }
    console.line(outcome.told(target), to: .error)
  }
}
