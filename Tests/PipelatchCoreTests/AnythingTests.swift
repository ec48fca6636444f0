import PipelatchCore
import Testing

/// Vendors that answer anything at all: what must hold then, holds.
struct AnythingTests {
  static let failures: [Failure] = [
    .down, .busy, .garbled, .refused, .missing, .never, .busy(for: .seconds(90)),
    Failure(.rejected, "no"), Failure(.uncertain, "who knows"), Failure(.fault, "bug"),
  ]
  static let states: [State] = [
    .queued, .running, .waiting, .succeeded, .failed, .canceled, .timedOut, .skipped,
    .unknown("ODD"),
  ]

  /// A vendor of moods; most answers pass, so that most plays are long.
  private struct Mood {
    var dice: SplitMix

    mutating func pick<Value>(_ values: [Value]) -> Value {
      values[Int(dice.next() * Double(values.count))]
    }

    mutating func run() -> Run {
      let state = dice.next() < 0.8 ? pick([.queued, .running, .unknown("ODD")]) : pick(states)
      return .seven(state) {
        $0.stages = [
          Stage(
            name: "s", state: pick(states),
            jobs: [.named("a", pick(states), mayFail: dice.next() < 0.5)])
        ]
        if dice.next() < 0.1 { $0.refs = [] }
        if dice.next() < 0.1 { $0.id = "8" }
      }
    }

    mutating func bad<Value>() -> Answers<Value>.Answer {
      let mild = [Failure.down, .busy, .garbled, .never, .missing]
      return .bad(
        dice.next() < 0.9 ? pick(mild) : pick(failures), takes: .seconds(dice.next() * 40))
    }

    mutating func answers<Value>(
      _ good: (inout Mood) -> Value
    ) -> Answers<Value> {
      var all: [Answers<Value>.Answer] = []
      for _ in 0..<60 { all.append(dice.next() < 0.4 ? bad() : .good(good(&self))) }
      return Answers(all).then(always: bad())
    }

    mutating func found() -> Found {
      switch Int(dice.next() * 3) {
      case 0: Found(run())
      case 1: Found(handle: "7")
      default: Found(handle: "x", identified: false)
      }
    }

    mutating func lines() -> Script.Lines {
      var lines = Script.Lines()
      lines.find = answers { $0.dice.next() < 0.5 ? nil : $0.found() }
      lines.marked = answers { $0.dice.next() < 0.7 ? nil : $0.found() }
      lines.look = answers { $0.run() }
      lines.start = answers { $0.found() }
      lines.cancel = answers { _ in Nothing() }
      lines.log = answers { _ in ["line"] }
      lines.durations = answers { _ in [.seconds(30)] }
      lines.advance = answers { _ in Nothing() }
      return lines
    }
  }

  private func outcome(
    _ seed: Int
  ) async -> (play: Play, terms: Gate.Terms, purpose: Gate.Purpose, cut: Bool) {
    var mood = Mood(dice: SplitMix(UInt64(seed)))
    let purposes: [Gate.Purpose] = [
      .wait(.seven), .wait(.newest), .check(.seven), .check(.newest), .trigger(.plain),
      .trigger(.keyed), .trigger(.ref("main")), .launch(.plain), .launch(.keyed),
    ]
    let purpose = mood.pick(purposes)
    var terms = Gate.Terms()
    terms.timeout = .seconds(mood.pick([0, 30, 600, 3600]))
    terms.accepted = mood.pick([[], [.skipped], [.canceled, .timedOut]])
    terms.failFast = mood.dice.next() < 0.3
    terms.stopAtApproval = mood.dice.next() < 0.3
    terms.cancelOn = mood.pick([[], [.interrupt], [.timeout, .failFast]])
    let cut = mood.dice.next() < 0.2
    let interrupted: Interruption = cut ? .atSleep(1 + Int(mood.dice.next() * 5)) : .never
    let still = mood.dice.next() < 0.3
    let rolls = Shared(SplitMix(UInt64(seed) &+ 99))
    let dice = Dice { rolls.change { $0.next() } }
    let lines = mood.lines()
    let change: (inout Gate.Terms) -> Void = { $0 = terms }
    let play =
      still
      ? await play(
        Still.self, purpose, lines, dice: dice, interrupted: interrupted, terms: change)
      : await play(Rich.self, purpose, lines, dice: dice, interrupted: interrupted, terms: change)
    return (play, terms, purpose, cut)
  }

  @Test(arguments: 0..<1000)
  func `no vendor can make a gate err towards success, start twice or wait for ever`(
    seed: Int
  ) async {
    let (play, terms, purpose, _) = await outcome(seed)
    let outcome = play.outcome
    #expect(play.events.last == .verdict(outcome))
    #expect(play.events.filter { if case .verdict = $0 { true } else { false } }.count == 1)

    var launches = false
    if case .launch = purpose { launches = true }
    if outcome.exitCode == .succeeded, !launches {
      #expect(outcome.run?.state.verdict == outcome.verdict)
      #expect(outcome.verdict == .succeeded || outcome.verdict.map(terms.accepted.contains) == true)
      #expect(outcome.run?.id == "7" || outcome.run?.handle == "7" || play.looks.isEmpty)
    }
    if launches { #expect(outcome.verdict == nil) }
    if outcome.verdict == nil, !launches { #expect(outcome.exitCode != .succeeded) }
    if outcome.verdict != nil { #expect(outcome.reason == nil) }

    let sent = outcome.requests.changes - play.cancels - play.count(\.isAdvance)
    #expect(sent <= 1)
    if case .inspect = purpose { #expect(play.clock.sleeps.isEmpty) }
    let slack = Duration.seconds(400)
    #expect(outcome.waited <= terms.timeout + slack)
    #expect(play.clock.sleeps.allSatisfy { $0 > .zero })
  }
}
