import PipelatchCore

/// Collapsible sections of the host's log.
enum Fold: Sendable {
  case none
  /// https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections
  case gitlab

  /// The line that opens a section; `name` is of ASCII letters, digits and `_`.
  func open(_ name: String, _ title: String, at time: Timestamp) -> String? {
    guard self == .gitlab else { return nil }
    let seconds = time.milliseconds / 1000
    return "\u{1B}[0Ksection_start:\(seconds):\(name)\r\u{1B}[0K\(title)"
  }

  func close(_ name: String, at time: Timestamp) -> String? {
    guard self == .gitlab else { return nil }
    return "\u{1B}[0Ksection_end:\(time.milliseconds / 1000):\(name)\r\u{1B}[0K"
  }
}
