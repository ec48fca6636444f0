import PipelatchCore
import Synchronization

/// Lines for people, appended, never moving the cursor: a CI log is a file.
final class PlainReport: Report {
  private let console: Console
  private let several: Bool
  private let begun: Timestamp
  /// Silence is broken by a line this often.
  private static let heartbeat = Duration.seconds(120)
  private let lastLine = Mutex<[String: Timestamp]>([:])

  init(_ console: Console, several: Bool, begun: Timestamp) {
    self.console = console
    self.several = several
    self.begun = begun
  }

  func tell(_ event: Event, of target: String, at time: Timestamp) {
    for line in lines(event, target, time) {
      let name = several ? "\(target)  " : ""
      console.line("\((time - begun).clock.padded(6))  \(name)\(line)", to: .error)
      lastLine.withLock { $0[target] = time }
    }
  }

  private func lines(_ event: Event, _ target: String, _ time: Timestamp) -> [String] {
    switch event {
    case .located(let run, let triggered, let joined):
      let how = triggered ? "started" : joined ? "joined" : "found"
      let ref = run.ref.map { " of \($0)" } ?? ""
      let commit = run.commit.map { " at \($0.prefix(12))" } ?? ""
      return ["\(how) run \(run.id)\(ref)\(commit)"] + (run.url.map { ["  \($0)"] } ?? [])
    case .run(let state, _): return state.ended ? [] : ["run \(state.word)"]
    case .stage(let stage, let was):
      return quiet(stage.state, was) ? [] : ["stage \(stage.name) \(stage.state.told(stage.took))"]
    case .job(let job, let stage, let was):
      if quiet(job.state, was) { return [] }
      let name = stage == job.name || stage.isEmpty ? job.name : "\(stage) / \(job.name)"
      let link = job.state == .failed ? job.url.map { "  \($0)" } ?? "" : ""
      return ["  job \(name) \(job.state.told(job.took))\(link)"]
    case .approval(let approval):
      return ["a person must act: \(approval.message)"] + (approval.url.map { ["  \($0)"] } ?? [])
    case .trouble(let trouble):
      return ["\(trouble.kind.rawValue): \(trouble.message) Next try in \(trouble.retryIn.words)."]
    case .unknownStatus(let word, let place):
      return ["\(place) has the status '\(word)', which pipelatch does not know; going on"]
    case .note(let text): return [text]
    case .log(let job, let lines):
      return ["the end of the log of \(job):"] + lines.map { "  | \($0)" }
    case .looked(let run, let next): return beat(run, next, target, time)
    case .verdict(let outcome):
      // A launch has no verdict to tell: the run's id on standard output says it all.
      return outcome.isLaunch ? [] : [outcome.told(target)]
    }
  }

  /// Parts that have not begun are not worth a line.
  private func quiet(_ state: State, _ was: State?) -> Bool {
    state == .queued || (was == nil && state == .skipped)
  }

  private func beat(_ run: Run?, _ next: Duration?, _ target: String, _ time: Timestamp) -> [String]
  {
    let last = lastLine.withLock { $0[target] } ?? begun
    guard time - last >= Self.heartbeat else { return [] }
    let state = run.map { "run \($0.id) still \($0.state.word)" } ?? "no run yet"
    return [state + (next.map { "; next look in \($0.words)" } ?? "")]
  }
}

extension State {
  func told(_ took: Duration?) -> String {
    let word = if case .unknown(let text) = self { "unknown (\(text))" } else { word }
    guard ended, let took, took > .zero else { return word }
    return "\(word) after \(took.words)"
  }
}

extension Stage {
  var took: Duration? { startedAt.flatMap { start in finishedAt.map { $0 - start } } }
}

extension Job {
  var took: Duration? { startedAt.flatMap { start in finishedAt.map { $0 - start } } }
}

extension Outcome {
  /// Whether the gate only started a run.
  var isLaunch: Bool { reason == .notEnded && exitCode == .succeeded }

  /// The last line: target, verdict, duration, exit code.
  func told(_ target: String) -> String {
    let name =
      run.map { target.contains("#\($0.id)") ? target : "\(target) run \($0.id)" } ?? target
    let took = verdict != nil ? run?.duration.map { " in \($0.words)" } ?? "" : ""
    let why = message.map { ": \($0)" } ?? ""
    return "\(name) \(word)\(took) (waited \(waited.words), exit \(exitCode.rawValue))\(why)"
  }
}

extension String {
  /// Filled with spaces on the left to `width` characters.
  func padded(_ width: Int) -> String {
    count >= width ? self : String(repeating: " ", count: width - count) + self
  }
}
