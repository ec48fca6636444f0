/// Every code the program can exit with; `--help`, the README and the tests read this list.
public enum ExitCode: Int32, CaseIterable, Hashable, Sendable {
  case succeeded = 0
  case failed = 1
  case canceled = 2
  case timedOut = 3
  case skipped = 4
  case approval = 5
  case notEnded = 6
  case usage = 64
  case unreadable = 65
  case notFound = 66
  case unreachable = 69
  case fault = 70
  case uncertainTrigger = 75
  case refused = 77
  case notConfigured = 78
  case outOfTime = 124
  case interrupted = 130
  case terminated = 143

  /// What the code says, in one sentence.
  public var sentence: String {
    switch self {
    case .succeeded: "The run succeeded."
    case .failed: "The run failed."
    case .canceled: "The run was canceled or superseded."
    case .timedOut: "The vendor ended the run for its time limit."
    case .skipped: "The run ended without running: skipped, ignored or neutral."
    case .approval: "A person must act before the run goes on."
    case .notEnded: "The run has not ended yet (check only)."
    case .usage: "The command or the request is wrong."
    case .unreadable: "The vendor's answer could not be understood."
    case .notFound: "No such pipeline or run, or none appeared in time."
    case .unreachable: "The vendor could not be reached, to the end of --tolerate."
    case .fault: "A fault of pipelatch itself."
    case .uncertainTrigger: "The trigger may or may not have started a run; nothing was repeated."
    case .refused: "The credentials were refused, or do not allow this."
    case .notConfigured: "A credential or a setting is missing."
    case .outOfTime: "--timeout passed and the run had not ended."
    case .interrupted: "Interrupted by SIGINT."
    case .terminated: "Interrupted by SIGTERM."
    }
  }

  /// The code of a verdict; only a success, or a verdict that the user accepts, is 0.
  public init(_ verdict: Verdict, accepting accepted: Set<Verdict>) {
    self =
      switch verdict {
      case .succeeded: .succeeded
      case _ where accepted.contains(verdict): .succeeded
      case .failed: .failed
      case .canceled: .canceled
      case .timedOut: .timedOut
      case .skipped: .skipped
      }
  }
}
