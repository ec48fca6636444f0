import PipelatchCore
import Testing

/// Which code each end of a run gives, by every way there is to a run.
struct VerdictTests {
  enum Way: String, CaseIterable, Sendable {
    case explicit, found, foundByHandle, check, triggered, joined, recovered

    var purpose: Gate.Purpose {
      switch self {
      case .explicit: .wait(.seven)
      case .found, .foundByHandle: .wait(.newest)
      case .check: .check(.seven)
      case .triggered: .trigger(.plain)
      case .joined, .recovered: .trigger(.keyed)
      }
    }

    func lines(_ run: Run) -> Script.Lines {
      var lines = Script.Lines()
      lines.look = .always(.good(run))
      switch self {
      case .explicit, .check: break
      case .found:
        lines.find = [.good(Found(run))]
        lines.look = []
      case .foundByHandle: lines.find = [.good(Found(handle: "7"))]
      case .triggered: lines.start = [.good(Found(handle: "7"))]
      case .joined: lines.marked = [.good(Found(handle: "7"))]
      case .recovered:
        lines.marked = [.good(nil), .good(nil), .good(Found(handle: "7"))]
        lines.start = [.bad(.down)]
      }
      return lines
    }
  }

  static let codes: [Verdict: Int32] = [
    .succeeded: 0, .failed: 1, .canceled: 2, .timedOut: 3, .skipped: 4,
  ]
  static let acceptable: [Set<Verdict>] = (0..<8).map { bits in
    Set(
      [Verdict.canceled, .timedOut, .skipped].enumerated()
        .filter { bits & (1 << $0.offset) != 0 }.map(\.element))
  }

  @Test(arguments: Verdict.allCases, Way.allCases)
  func `a verdict gives its code, whichever way led to the run`(
    verdict: Verdict, way: Way
  ) async {
    let play = await play(way.purpose, way.lines(.seven(verdict.state))) { $0.logLines = 0 }
    #expect(play.outcome.verdict == verdict)
    #expect(play.outcome.reason == nil)
    #expect(play.code.rawValue == Self.codes[verdict])
    #expect(play.outcome.run?.id == "7")
    #expect(play.events.last == .verdict(play.outcome))
  }

  @Test(arguments: Verdict.allCases, acceptable)
  func `an accepted verdict counts as success and keeps its name`(
    verdict: Verdict, accepted: Set<Verdict>
  ) async {
    let play = await play(.follow, Way.explicit.lines(.seven(verdict.state))) {
      $0.accepted = accepted
    }
    #expect(play.outcome.verdict == verdict)
    let expected = accepted.contains(verdict) ? 0 : Self.codes[verdict]
    #expect(play.code.rawValue == expected)
  }

  @Test(arguments: Way.allCases.filter { $0 != .check }, [State.queued, .running, .waiting])
  func `what has not ended is waited for, and the wait ends with 124`(
    way: Way, state: State
  ) async {
    let play = await play(way.purpose, lines(way, endless: state)) { $0.timeout = .seconds(100) }
    #expect(play.code == .outOfTime)
    #expect(play.outcome.verdict == nil)
    #expect(play.outcome.reason == .outOfTime)
    #expect(play.outcome.waited == .seconds(100))
    #expect(play.looks.last == .seconds(100))
  }

  private func lines(_ way: Way, endless state: State) -> Script.Lines {
    var lines = way.lines(.seven(state))
    lines.look = .always(.run(state))
    lines.durations = [.good([])]
    return lines
  }

  @Test(arguments: [State.queued, .running, .unknown("ODD")])
  func `check says 6 while the run goes on, after one look`(state: State) async {
    let play = await play(.inspect, Way.check.lines(.seven(state)))
    #expect(play.code == .notEnded)
    #expect(play.outcome.reason == .notEnded)
    #expect(play.calls.count == 1)
    #expect(play.clock.sleeps.isEmpty)
  }

  @Test func `check says 5 where a person must act`() async {
    let play = await play(.inspect, Way.check.lines(.seven(.waiting)))
    #expect(play.code == .approval)
    #expect(play.outcome.reason == .approval)
  }

  @Test func `check says 66 at once where there is no run`() async {
    var lines = Script.Lines()
    lines.find = [.good(nil)]
    let play = await play(.check(.newest), lines)
    #expect(play.code == .notFound)
    #expect(play.outcome.reason == .notFound)
    #expect(play.clock.sleeps.isEmpty)
  }

  @Test(arguments: [
    (Failure.down, ExitCode.unreachable), (.busy, .unreachable), (.garbled, .unreadable),
    (.refused, .refused), (.missing, .notFound), (Failure(.rejected, "no"), .usage),
    (Failure(.usage, "no"), .usage), (Failure(.notConfigured, "no"), .notConfigured),
    (Failure(.fault, "no"), .fault),
  ])
  func `check bears no failure`(failure: Failure, code: ExitCode) async {
    var lines = Script.Lines()
    lines.look = [.bad(failure)]
    let play = await play(.inspect, lines)
    #expect(play.code == code)
    #expect(play.calls.count == 1)
    #expect(play.clock.sleeps.isEmpty)
  }

  @Test(arguments: ["", "SUCCESS", "succeeded", "Done", "passed"])
  func `a word that is in no table is never an end and is told once`(word: String) async {
    var lines = Script.Lines()
    lines.look = Answers([
      .run(.unknown(word)), .run(.unknown(word)), .run(.running), .run(.unknown(word)),
    ]).then(always: .run(.unknown(word)))
    let play = await play(Plain.self, .follow, lines) { $0.timeout = .seconds(300) }
    #expect(play.code == .outOfTime)
    #expect(play.looks.count > 5)
    let told = play.events.filter { if case .unknownStatus = $0 { true } else { false } }
    #expect(told == [.unknownStatus(word: word, place: "run")])
  }

  @Test func `an unknown word in every place is told for each place once`() async {
    let odd = Run.seven(.unknown("ODD")) {
      $0.stages = [
        Stage(
          name: "build", state: .unknown("ODD"), jobs: [.named("compile", .unknown("ODD"))])
      ]
    }
    var lines = Script.Lines()
    lines.look = [.good(odd), .good(odd), .run(.succeeded)]
    let play = await play(Plain.self, .follow, lines)
    #expect(play.code == .succeeded)
    let places = play.events.compactMap { event -> String? in
      if case .unknownStatus(_, let place) = event { place } else { nil }
    }
    #expect(places == ["run", "stage build", "job compile"])
  }

  @Test func `stages that all succeeded do not end a run that has not`() async {
    var lines = Script.Lines()
    lines.look = .always(
      .good(
        .seven(.running) {
          $0.stages = [Stage(name: "all", state: .succeeded, jobs: [.named("a", .succeeded)])]
        }))
    let play = await play(Plain.self, .follow, lines) { $0.timeout = .seconds(60) }
    #expect(play.code == .outOfTime)
  }

  @Test(arguments: [
    [], [Stage(name: "a", state: .succeeded), Stage(name: "b", state: .succeeded)],
  ])
  func `a success that shows no job is not believed`(stages: [Stage]) async {
    var lines = Script.Lines()
    lines.look = Answers([.run(.running)]).then(
      always: .good(.seven(.succeeded) { $0.stages = stages }))
    #expect(await play(Plain.self, .follow, lines).code == .unreadable)
  }

  @Test func `a failure needs no stage to be a failure`() async {
    var lines = Script.Lines()
    lines.look = [.run(.running), .run(.failed)]
    #expect(await play(Plain.self, .follow, lines).code == .failed)
  }

  @Test func `an answer about another run is not believed`() async {
    var lines = Script.Lines()
    var other = Run(id: "8", state: .succeeded)
    other.refs = ["main"]
    lines.look = Answers([.run(.running)]).then(always: .good(other))
    let play = await play(Plain.self, .follow, lines)
    #expect(play.code == .unreadable)
    #expect(play.outcome.run?.id == "7")
  }
}
