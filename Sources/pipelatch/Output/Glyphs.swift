import PipelatchCore

/// The signs of the live table, in Unicode or in ASCII.
struct Glyphs: Hashable, Sendable {
  let unicode: Bool

  var more: String { unicode ? "…" : "..." }
  var dot: String { unicode ? " · " : ", " }

  /// One turn takes ten steps.
  func spinner(_ step: Int) -> String {
    let signs = unicode ? Array("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏") : Array(#"|/-\|/-\|-"#)
    return String(signs[step % signs.count])
  }

  func mark(_ state: State, step: Int) -> Strip {
    switch state {
    case .queued: Strip(unicode ? "·" : ".", .dim)
    case .running: Strip(spinner(step), .cyan)
    case .waiting: Strip("!", .yellow)
    case .succeeded: Strip(unicode ? "✓" : "+", .green)
    case .failed, .timedOut: Strip(unicode ? "✗" : "x", .red)
    case .canceled: Strip(unicode ? "⊘" : "/", .yellow)
    case .skipped: Strip("-", .dim)
    case .unknown: Strip("?", .yellow)
    }
  }

  /// Where nothing moves any more.
  func still(_ state: State) -> Strip {
    state == .running ? Strip(unicode ? "›" : ">", .cyan) : mark(state, step: 0)
  }

  /// A verdict, or that there is none.
  func mark(_ outcome: Outcome) -> Strip {
    if outcome.exitCode == .succeeded { return still(.succeeded) }
    guard outcome.verdict != nil, let state = outcome.run?.state, state.ended else {
      return Strip(outcome.verdict == nil ? "!" : unicode ? "✗" : "x", .red)
    }
    return still(state)
  }

  func bar(_ share: Double, columns: Int) -> Strip {
    let full = min(columns, max(0, Int(share * Double(columns))))
    let done = String(repeating: unicode ? "━" : "#", count: full)
    let rest = String(repeating: unicode ? "─" : "-", count: columns - full)
    return Strip(done, .green) + Strip(rest, .dim)
  }
}
