import PipelatchCore
import Synchronization

/// What this process has done to the stages of its runs, so that none is executed twice.
final class StageDrive: Sendable {
  private enum Mark {
    /// Due, and perhaps begun by the vendor itself.
    case noticed(Timestamp)
    /// The answer was lost.
    case sent(Timestamp)
    case executed(Timestamp)
    /// Declined once, as a stage may be that has only just become due.
    case declined
    /// Declined again, in the vendor's words: somebody must act.
    case barred(Timestamp, String)
  }

  private struct Trip {
    /// The vendor executes the stages.
    var byItself = false
    var marks: [String: Mark] = [:]
  }

  /// How long the vendor is given to begin a first stage by itself.
  private static let start = Duration.seconds(5)
  /// How long a command is given to show its effect.
  private static let effect = Duration.seconds(30)
  /// How long a person is given before a stage that was declined is tried again.
  private static let patience = Duration.seconds(300)
  private let trips = Mutex<[String: Trip]>([:])
  private let seen = Mutex<[String: (stages: [State], since: Timestamp)]>([:])

  /// Whether nothing has changed for so long that no step of the vendor's own explains it; those take seconds.
  ///
  /// `gap` is how long ago the vendor says that something changed. A time that moves although no stage does is not
  /// believed for ever.
  func rests(_ run: Run, since gap: Duration?, at now: Timestamp) -> Bool {
    let quiet = trips.withLock { $0[run.id]?.byItself == true } ? Self.effect : .seconds(10)
    guard let gap, gap < quiet else { return true }
    let stages = run.stages.map(\.state)
    return seen.withLock { seen in
      if let last = seen[run.id], last.stages == stages { return now - last.since >= quiet }
      seen[run.id] = (stages, now)
      return false
    }
  }

  /// A run was started here.
  func begin(_ run: String, byItself: Bool) {
    trips.withLock { $0[run] = Trip(byItself: byItself) }
  }

  /// Whether to execute a stage that is due; one that the vendor `begins` by itself gets a while.
  func mayExecute(_ code: String, of run: String, begins: Bool, at now: Timestamp) -> Bool {
    trips.withLock { trips in
      let trip = trips[run, default: Trip()]
      trips[run] = trip
      if trip.byItself { return false }
      switch trip.marks[code] {
      case .executed: return false
      case .noticed(let moment): return now - moment >= Self.start
      case .sent(let moment): return now - moment >= Self.effect
      case .declined: return true
      case .barred(let moment, _): return now - moment >= Self.patience
      case nil where begins:
        trips[run]?.marks[code] = .noticed(now)
        return false
      case nil: return true
      }
    }
  }

  func executed(_ code: String, of run: String, at now: Timestamp) {
    trips.withLock { $0[run]?.marks[code] = .executed(now) }
  }

  /// Whether the next look decides, though executing the stage failed.
  func bears(_ failure: Failure, _ code: String, of run: String, at now: Timestamp) -> Bool {
    trips.withLock { trips in
      switch (failure.kind, trips[run]?.marks[code]) {
      case (.rejected, .sent):
        // A stage is not repeated, so it had arrived.
        trips[run]?.marks[code] = .executed(now)
        return true
      case (.rejected, .noticed):
        // The vendor is about to begin it by itself.
        trips[run]?.marks[code] = .sent(now)
        return true
      case (.rejected, .declined), (.rejected, .barred):
        trips[run]?.marks[code] = .barred(now, failure.what)
        return true
      case (.rejected, _):
        trips[run]?.marks[code] = .declined
        return true
      case (.unreachable, _) where failure.mayHaveArrived, (.unreadable, _):
        trips[run]?.marks[code] = .sent(now)
        return false
      default: return false
      }
    }
  }

  /// What a run waits for that stands before the stage `due`; nil where nobody needs to act.
  ///
  /// `resting` says that it has stood there for a while.
  func message(on due: Stage, of run: String, at now: Timestamp, resting: Bool) -> String? {
    let trip = trips.withLock { $0[run] }
    guard let trip, !trip.byItself else {
      let auto = trip == nil ? "" : " RunMode=Auto goes no further."
      return resting
        ? "The run stands still before stage \(due.name), which nobody has executed.\(auto)" : nil
    }
    switch due.jobs.first.flatMap({ trip.marks[$0.id] }) {
    case .barred(_, let words):
      return "DataWorks does not execute stage \(due.name), so somebody must act there: \(words)"
    case .executed(let moment) where now - moment >= Self.effect:
      return "Stage \(due.name) was executed and does not begin: somebody must act in DataWorks."
    default: return nil
    }
  }
}
