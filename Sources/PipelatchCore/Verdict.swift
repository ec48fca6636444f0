/// How a run ended, by the vendor's own word.
public enum Verdict: String, CaseIterable, Hashable, Sendable {
  case succeeded
  case failed
  case canceled
  case timedOut = "timed-out"
  case skipped
}

/// Why there is no verdict: pipelatch could not tell how the run ended.
public enum Reason: String, CaseIterable, Hashable, Sendable {
  case outOfTime = "out-of-time"
  case notFound = "not-found"
  case unreachable
  case unreadable
  case refused
  case uncertainTrigger = "uncertain-trigger"
  case approval
  case notEnded = "not-ended"
  case interrupted
}
