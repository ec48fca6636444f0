import PipelatchCore

/// Events in words, for people who read lines.
enum Wording {
  /// No line at all for what is not worth one.
  static func lines(_ event: Event) -> [String] {
    switch event {
    case .located(let run, let triggered, let joined):
      let how = triggered ? "started" : joined ? "joined" : "found"
      return ["\(how) run \(run.id)\(run.origin)"] + (run.url.map { ["  \($0)"] } ?? [])
    case .run(let state, _): return state.ended ? [] : ["run \(state.word)"]
    case .stage(let stage, let was):
      let told = quiet(stage.state, was) || stage.name.isEmpty
      return told ? [] : ["stage \(stage.name) \(stage.state.told(stage.took))"]
    case .job(let job, let stage, let was):
      if quiet(job.state, was) { return [] }
      let link = job.state.isBad ? job.url.map { "  \($0)" } ?? "" : ""
      return ["  job \(job.path(in: stage)) \(job.state.told(job.took))\(link)"]
    case .approval(let approval):
      return ["a person must act: \(approval.message)"] + (approval.url.map { ["  \($0)"] } ?? [])
    case .trouble(let trouble):
      return ["\(trouble.kind.rawValue): \(trouble.message) Next try in \(trouble.retryIn.words)."]
    case .unknownStatus(let word, let place):
      return ["\(place) has the status '\(word)', which pipelatch does not know; going on"]
    case .note(let text): return [text]
    case .log(let job, let lines):
      return ["the end of the log of \(job):"] + lines.map { "  | \($0)" }
    case .learned, .looked, .verdict: return []
    }
  }

  /// Parts that have not begun are not worth a line.
  private static func quiet(_ state: State, _ was: State?) -> Bool {
    state == .queued || (was == nil && state == .skipped)
  }
}

extension Run {
  /// What it builds: ` of main at 1a2b3c4d5e6f`.
  var origin: String {
    (ref.map { " of \($0)" } ?? "") + (commit.map { " at \($0.prefix(12))" } ?? "")
  }
}

extension State {
  func told(_ took: Duration?) -> String {
    let word = if case .unknown(let text) = self { "unknown (\(text))" } else { word }
    guard ended, let took, took > .zero else { return word }
    return "\(word) after \(took.words)"
  }

  /// Ended in a way that somebody has to look at.
  var isBad: Bool { self == .failed || self == .timedOut }
}

extension Stage {
  var took: Duration? { startedAt.flatMap { start in finishedAt.map { $0 - start } } }
}

extension Job {
  var took: Duration? { startedAt.flatMap { start in finishedAt.map { $0 - start } } }

  /// The name with its stage, where that says more.
  func path(in stage: String) -> String {
    stage == name || stage.isEmpty ? name : "\(stage) / \(name)"
  }
}

extension Outcome {
  /// Whether the gate only started a run.
  var isLaunch: Bool { reason == .notEnded && exitCode == .succeeded }

  /// The last line: target, verdict, duration, exit code.
  func told(_ target: String) -> String {
    let took = verdict != nil ? run?.duration.map { " in \($0.words)" } ?? "" : ""
    let why = message.map { ": \($0)" } ?? ""
    return
      "\(name(target)) \(word)\(took) (waited \(waited.words), exit \(exitCode.rawValue))\(why)"
  }

  /// The target with the run that it came to mean.
  func name(_ target: String) -> String {
    run.map { target.contains("#\($0.id)") ? target : "\(target) run \($0.id)" } ?? target
  }
}

extension String {
  /// Filled with spaces on the left to `width` characters.
  func padded(_ width: Int) -> String {
    count >= width ? self : String(repeating: " ", count: width - count) + self
  }
}
