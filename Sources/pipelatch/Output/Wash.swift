import Glibc
import PipelatchCore
import PipelatchVendors

/// Makes remote text harmless: no control of the terminal, no command to the host CI, no secret.
struct Wash: Sendable {
  /// Bytes of a text that anybody would read at all, and characters of it that are shown.
  private static let most = 1 << 18
  private static let longest = 4000
  private let masked: Masks

  init(secrets: @escaping @Sendable () -> [Secret] = { [] }) { masked = Masks(secrets) }

  /// Of a command as Azure, GitHub's older runners and TeamCity have it, in capitals too.
  nonisolated(unsafe) private static let opening = /##[A-Za-z]*\[/

  private static let commands = [
    "::error", "::warning", "::notice", "::debug", "::group", "::endgroup", "::add-mask",
    "::add-path", "::set-output", "::set-env", "::save-state", "::stop-commands", "::echo",
    "::add-matcher", "::remove-matcher",
  ]

  /// One line of text without escape sequences, control, bidirectional and zero-width characters, commands and secrets.
  func callAsFunction(_ text: String) -> String {
    if text.utf8.count > Self.most { return "(a text of \(text.utf8.count) bytes)" }
    // Masked before and after what is hidden is gone: a secret may be written through it, and hold it.
    let seen = masked(text)
    let shown = Self.isPlain(seen) ? seen : masked(Self.visible(Self.unescaped(seen)))
    let clean = Self.defused(shown)
    return clean.utf8.count > Self.longest ? "\(clean.prefix(Self.longest))…" : clean
  }

  /// Whether there is nothing but ASCII's letters, digits, signs and spaces in it, as in nearly every name and address.
  private static func isPlain(_ text: String) -> Bool {
    text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
  }

  /// Without the escape sequences of ECMA-48: `ESC [ ... letter`, `ESC ] ... BEL` and the two-character ones.
  private static func unescaped(_ text: String) -> String {
    let escape: Unicode.Scalar = "\u{1B}"
    let all = text.unicodeScalars
    guard all.contains(escape) || all.contains("\u{9B}") else { return text }
    var rest = all[...]
    var clean = String.UnicodeScalarView()
    while let scalar = rest.popFirst() {
      if scalar != escape, scalar != "\u{9B}" {
        clean.append(scalar)
        continue
      }
      let kind = scalar == escape ? rest.first : "["
      if scalar == escape, !rest.isEmpty { rest.removeFirst() }
      switch kind {
      case "[":
        rest = rest.drop { (0x20...0x3F).contains($0.value) }
        if let last = rest.first, (0x40...0x7E).contains(last.value) { rest.removeFirst() }
      case "]", "P", "X", "^", "_":
        // One that has no end takes nothing with it.
        if let end = rest.firstIndex(where: { $0 == "\u{07}" || $0 == escape }) {
          let string = rest[end] == escape
          rest = rest[rest.index(after: end)...]
          if string, rest.first == "\\" { rest.removeFirst() }
        }
      case let kind? where (0x20...0x2F).contains(kind.value):
        rest = rest.drop { (0x20...0x2F).contains($0.value) }.dropFirst()
      default: break
      }
    }
    return String(clean)
  }

  /// What a line that was overwritten by carriage returns shows at the end.
  private static func overprinted(_ line: String) -> String {
    line.split { $0 == "\r" || $0 == "\r\n" }.last { !$0.allSatisfy(\.isWhitespace) }
      .map(String.init) ?? ""
  }

  private static func visible(_ text: String) -> String {
    var clean = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if scalar == "\t" || scalar == "\n" || scalar == "\r" {
        if clean.last != " " { clean.append(" ") }
      } else if !isHidden(scalar) {
        clean.append(scalar)
      }
    }
    return String(clean)
  }

  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: true
    default: false
    }
  }

  /// A space inside makes a command of GitHub (`::error::`, `##[...]`), Azure (`##vso[...]`) or GitLab (`section_start:`) plain text.
  private static func defused(_ text: String) -> String {
    var text = text
    if text.holds("::") {
      if text.drop(while: \.isWhitespace).hasPrefix("::") {
        text = text.replacing("::", with: ": :", maxReplacements: 1)
      }
      for command in commands where text.contains(command) {
        text = text.replacing(command, with: ": :\(command.dropFirst(2))")
      }
    }
    if text.holds("##") {
      text = text.replacing(opening, with: { "# \($0.output.dropFirst())" })
    }
    if text.holds("section_") {
      for word in ["section_start:", "section_end:"] where text.contains(word) {
        text = text.replacing(word, with: word.dropLast() + " :")
      }
    }
    return text
  }
}

extension String {
  /// Whether these bytes stand in it: what `contains` takes a thousand times as long for, since it asks what Unicode
  /// holds equal.
  fileprivate func holds(_ word: StaticString) -> Bool {
    var text = self
    let last = utf8.count - word.utf8CodeUnitCount
    return text.withUTF8 { text in
      var place = 0
      while place <= last {
        if memcmp(text.baseAddress! + place, word.utf8Start, word.utf8CodeUnitCount) == 0 {
          return true
        }
        place += 1
      }
      return false
    }
  }
}

extension Wash {
  /// The event with every remote text washed.
  func callAsFunction(_ event: Event) -> Event {
    switch event {
    case .located(let run, let triggered, let joined):
      .located(washed(run), triggered: triggered, joined: joined)
    case .run(let state, let was): .run(washed(state), was: was.map(washed))
    case .stage(let stage, let was): .stage(washed(stage), was: was.map(washed))
    case .job(let job, let stage, let was):
      .job(washed(job), stage: self(stage), was: was.map(washed))
    case .approval(let approval): .approval(washed(approval))
    case .trouble(var trouble):
      .trouble(with(&trouble) { $0.message = self($0.message) })
    case .unknownStatus(let word, let place): .unknownStatus(word: self(word), place: self(place))
    case .note(let text): .note(self(text))
    case .log(let job, let lines):
      .log(job: self(job), lines: lines.map { self(Self.overprinted($0)) })
    case .learned: event
    case .looked(let run, let next): .looked(run.map(washed), next: next)
    case .verdict(let outcome): .verdict(washed(outcome))
    }
  }

  func washed(_ outcome: Outcome) -> Outcome {
    var outcome = outcome
    outcome.message = outcome.message.map { self($0) }
    outcome.run = outcome.run.map(washed)
    return outcome
  }

  private func washed(_ run: Run) -> Run {
    var run = run
    run.id = self(run.id)
    run.url = run.url.map { self($0) }
    run.refs = run.refs.map { self($0) }
    run.commits = run.commits.map { self($0) }
    run.state = washed(run.state)
    run.stages = run.stages.map(washed)
    run.approvals = run.approvals.map(washed)
    run.notes = run.notes.map { self($0) }
    return run
  }

  private func washed(_ stage: Stage) -> Stage {
    var stage = stage
    stage.name = self(stage.name)
    stage.state = washed(stage.state)
    stage.jobs = stage.jobs.map(washed)
    return stage
  }

  private func washed(_ job: Job) -> Job {
    var job = job
    job.name = self(job.name)
    job.state = washed(job.state)
    job.url = job.url.map { self($0) }
    return job
  }

  private func washed(_ approval: Approval) -> Approval {
    Approval(
      stage: approval.stage.map { self($0) }, job: approval.job.map { self($0) },
      url: approval.url.map { self($0) }, message: self(approval.message))
  }

  private func washed(_ state: State) -> State {
    if case .unknown(let word) = state { .unknown(self(word)) } else { state }
  }

  private func with<Value>(_ value: inout Value, _ change: (inout Value) -> Void) -> Value {
    change(&value)
    return value
  }
}
