/// How a run, a stage or a job stands, in pipelatch's own words; vendors' words are mapped to these.
public enum State: Hashable, Sendable {
  case queued
  case running
  /// A person must act before it goes on.
  case waiting
  case succeeded
  case failed
  case canceled
  /// The vendor ended it for its time limit.
  case timedOut
  /// It ended without running.
  case skipped
  /// A word that is in no table, as the vendor spelled it. Never a success and never an end.
  case unknown(String)

  /// The verdict this state amounts to, or nil while it has not ended.
  public var verdict: Verdict? {
    switch self {
    case .succeeded: .succeeded
    case .failed: .failed
    case .canceled: .canceled
    case .timedOut: .timedOut
    case .skipped: .skipped
    case .queued, .running, .waiting, .unknown: nil
    }
  }

  /// Whether nothing more is expected to happen.
  public var ended: Bool { verdict != nil }

  /// The word used in every output.
  public var word: String {
    switch self {
    case .queued: "queued"
    case .running: "running"
    case .waiting: "waiting"
    case .succeeded: "succeeded"
    case .failed: "failed"
    case .canceled: "canceled"
    case .timedOut: "timed-out"
    case .skipped: "skipped"
    case .unknown: "unknown"
    }
  }
}
