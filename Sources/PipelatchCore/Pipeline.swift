/// What every vendor can do: find a run and look at it. Neither keeps state, retries or sleeps.
public protocol Pipeline: Sendable {
  /// The run that the selector means, or nil while there is none; `passedOver` collects runs that need no second look.
  func find(_ selector: Selector, passedOver: inout Set<String>) async throws(Failure) -> Found?

  /// The whole run as it stands now. Throws `.missing` when the vendor knows no such run.
  func look(_ handle: String) async throws(Failure) -> Run
}

/// A run that was found; `run` is set where finding it already gave the whole of it.
public struct Found: Hashable, Sendable {
  public var handle: String
  public var run: Run?
  /// False where the vendor did not tell the new run's id and `handle` only describes what to look for.
  public var identified = true

  public init(handle: String, identified: Bool = true) {
    self.handle = handle
    self.identified = identified
  }

  public init(_ run: Run) {
    self.handle = run.handle
    self.run = run
  }

  /// False for an id that no vendor can be asked about.
  var canBeAsked: Bool {
    if !identified { return true }
    return !handle.isEmpty
      && handle.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F }
  }
}

/// A vendor that can start a run.
public protocol Startable: Pipeline {
  /// Sends the one request that starts a run, and returns what to look at it with.
  func start(_ order: Order) async throws(Failure) -> Found
}

/// A vendor whose runs can carry a mark, so that one key starts one run.
public protocol Markable: Startable {
  /// The run marked with `key`, or nil.
  func find(marked key: String, passedOver: inout Set<String>) async throws(Failure) -> Found?
}

/// A vendor that can cancel a run.
public protocol Cancelable: Pipeline {
  func cancel(_ run: Run) async throws(Failure)
}

/// A vendor that serves the log of a job.
public protocol Logged: Pipeline {
  /// The last `count` lines, or fewer, of the job's log.
  func log(of job: Job, in run: Run, last count: Int) async throws(Failure) -> [String]
}

/// A vendor that can list how long past runs took.
public protocol Remembered: Pipeline {
  /// Durations of finished runs of the same pipeline, newest first, from one request at most.
  func durations(like run: Run) async throws(Failure) -> [Duration]
}

/// A vendor whose runs stand still unless somebody executes their next stage.
public protocol Driven: Startable {
  /// Executes what is due after `run` was seen; called only for a run that this process started.
  func advance(_ run: Run) async throws(Failure)
}

/// A vendor that tells of changes by itself, so that the end is seen at once; polling stays as the net under it.
public protocol Announcing: Pipeline {
  /// Returns when something about the run has changed. Throws when the vendor does not tell.
  func change(of run: Run) async throws(Failure)
}

/// A vendor that tells whether a trigger would be allowed, without triggering.
public protocol Permitting: Startable {
  func permission() async throws(Failure) -> Permission
}

/// Whether a trigger would be allowed, as a sentence says it.
public enum Permission: Hashable, Sendable {
  case allowed(String)
  case denied(String)
  /// Only a trigger would show it.
  case untold(String)
}
