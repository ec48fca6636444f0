/// Everything that a gate tells while it waits, in the order it happens.
public enum Event: Hashable, Sendable {
  case located(Run, triggered: Bool, joined: Bool)
  case run(State, was: State?)
  case stage(Stage, was: State?)
  case job(Job, stage: String, was: State?)
  case approval(Approval)
  case trouble(Trouble)
  /// A word that is in no table, and where it stood.
  case unknownStatus(word: String, place: String)
  /// Something worth one line to a person.
  case note(String)
  /// The end of a failed job's log.
  case log(job: String, lines: [String])
  /// How long past runs of the same pipeline took, newest first; told once at most.
  case learned([Duration])
  /// A look is over, with the run where it has changed; the next is due after `next`, or there is none.
  case looked(Run?, next: Duration?)
  case verdict(Outcome)
}

/// A passing failure that the gate bears.
public struct Trouble: Hashable, Sendable {
  public enum Kind: String, Hashable, Sendable {
    case unreachable, throttled, unreadable
  }

  public var kind: Kind
  public var status: Int?
  public var message: String
  public var retryIn: Duration

  public init(_ failure: Failure, retryIn: Duration) {
    kind =
      switch failure.kind {
      case .throttled: .throttled
      case .unreadable: .unreadable
      default: .unreachable
      }
    status = failure.status
    message = failure.sentence
    self.retryIn = retryIn
  }
}
