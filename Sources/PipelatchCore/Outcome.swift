/// What one gate ends with.
public struct Outcome: Hashable, Sendable {
  /// How the run ended, or nil with a `reason` when that could not be told.
  public var verdict: Verdict?
  public var reason: Reason?
  public var exitCode: ExitCode
  /// One sentence for a person, where there is more to say than the verdict.
  public var message: String?
  public var run: Run?
  /// How long pipelatch waited.
  public var waited: Duration = .zero
  public var requests = Requests()

  public init(verdict: Verdict, accepting accepted: Set<Verdict>, run: Run) {
    self.verdict = verdict
    self.exitCode = ExitCode(verdict, accepting: accepted)
    self.run = run
  }

  public init(reason: Reason?, exitCode: ExitCode, message: String?, run: Run? = nil) {
    self.reason = reason
    self.exitCode = exitCode
    self.message = message
    self.run = run
  }

  public init(_ failure: Failure, run: Run? = nil) {
    self.init(
      reason: failure.reason, exitCode: failure.exitCode, message: failure.sentence, run: run)
  }
}

/// How many requests a gate has made.
public struct Requests: Hashable, Sendable {
  public var total = 0
  /// Answered 304: nothing had changed.
  public var notModified = 0
  /// Without an answer, or with an error.
  public var failed = 0
  /// Those that may have changed something at the vendor: all but reading ones, unless they certainly never arrived.
  public var changes = 0

  public init() {}
}
