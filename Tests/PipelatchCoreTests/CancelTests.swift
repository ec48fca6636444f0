import PipelatchCore
import Testing

/// `--cancel-on`: which runs are canceled, and for which causes.
struct CancelTests {
  typealias Cause = Gate.CancelCause

  private func lines(_ way: Way) -> Script.Lines {
    var lines = Script.Lines()
    let run = Run.seven(.running, jobs: .named("test", .failed))
    lines.look = .always(.good(run))
    lines.start = [.good(Found(handle: "7"))]
    lines.marked = way == .joined ? [.good(Found(handle: "7"))] : [.good(nil)]
    lines.durations = [.good([])]
    lines.log = .always(.good([]))
    lines.cancel = [.good(Nothing())]
    return lines
  }

  enum Way: CaseIterable, Sendable {
    case found, triggered, joined

    var purpose: Gate.Purpose {
      switch self {
      case .found: .wait(.seven)
      case .triggered: .trigger(.plain)
      case .joined: .trigger(.keyed)
      }
    }
  }

  private func leave(
    for cause: Cause, from way: Way, cancelOn: Set<Cause>, cancelFound: Bool = false
  ) async -> Play {
    await play(
      way.purpose, lines(way), interrupted: cause == .interrupt ? .atSleep(3) : .never
    ) {
      $0.failFast = cause == .failFast
      $0.timeout = .seconds(60)
      $0.cancelOn = cancelOn
      $0.cancelFound = cancelFound
    }
  }

  static let codes: [Cause: ExitCode] = [
    .interrupt: .terminated, .timeout: .outOfTime, .failFast: .failed,
  ]

  @Test(arguments: Cause.allCases, Way.allCases)
  func `each cause cancels the runs we started, and no others`(cause: Cause, way: Way) async {
    let play = await leave(for: cause, from: way, cancelOn: [cause])
    #expect(play.code == Self.codes[cause])
    #expect(play.cancels == (way == .triggered ? 1 : 0))
  }

  @Test(arguments: Cause.allCases, Way.allCases)
  func `with cancel-found each cause cancels any run`(cause: Cause, way: Way) async {
    let play = await leave(for: cause, from: way, cancelOn: [cause], cancelFound: true)
    #expect(play.code == Self.codes[cause])
    #expect(play.cancels == 1)
  }

  @Test func `a gate that another's success made needless cancels nothing`() async {
    for way in Way.allCases {
      let play = await play(
        Rich.self, way.purpose, lines(way), interrupted: .atSleep(3), signal: nil
      ) {
        $0.cancelOn = Set(Cause.allCases)
        $0.cancelFound = true
      }
      #expect(play.code == .interrupted)
      #expect(play.cancels == 0)
    }
  }

  @Test(arguments: Cause.allCases)
  func `a cause that was not named cancels nothing`(cause: Cause) async {
    let others = Set(Cause.allCases).subtracting([cause])
    let play = await leave(for: cause, from: .triggered, cancelOn: others, cancelFound: true)
    #expect(play.code == Self.codes[cause])
    #expect(play.cancels == 0)
  }

  @Test(arguments: Verdict.allCases)
  func `a run that has ended is not canceled`(verdict: Verdict) async {
    var lines = lines(.triggered)
    lines.look = .always(.run(verdict.state))
    for interrupted in [Interruption.never, .during(\.isLook)] {
      let play = await play(.begin, lines, interrupted: interrupted) {
        $0.cancelOn = Set(Cause.allCases)
        $0.cancelFound = true
      }
      #expect(play.cancels == 0)
    }
  }

  @Test(arguments: [
    Failure.refused, .down, .garbled, .missing, Failure(.fault, "bug"),
    Failure(.notConfigured, "no"),
  ])
  func `a wait that ends for another reason cancels nothing`(failure: Failure) async {
    var lines = lines(.triggered)
    lines.look = Answers([.run(.running)]).then(always: .bad(failure))
    let play = await play(.begin, lines) {
      $0.cancelOn = Set(Cause.allCases)
      $0.cancelFound = true
    }
    #expect(play.outcome.verdict == nil)
    #expect(play.cancels == 0)
  }

  @Test func `the state after the cancellation is told, and the code stays`() async {
    var lines = lines(.triggered)
    let running = Answers<Run>.Answer.run(.running)
    lines.look = Answers([running, running, running]).then(always: .run(.canceled))
    let play = await play(.begin, lines, interrupted: .atSleep(3)) { $0.cancelOn = [.interrupt] }
    #expect(play.code == .terminated)
    #expect(play.outcome.run?.state == .canceled)
    #expect(play.events.contains(.run(.canceled, was: .running)))
    #expect(play.events.last == .verdict(play.outcome))
  }

  @Test func `a run that succeeds in spite of the cancellation opens nothing`() async {
    var lines = lines(.triggered)
    let running = Answers<Run>.Answer.run(.running)
    lines.look = Answers([running, running, running]).then(always: .run(.succeeded))
    let play = await play(.begin, lines, interrupted: .atSleep(3)) { $0.cancelOn = [.interrupt] }
    #expect(play.code == .terminated)
    #expect(play.outcome.verdict == nil)
  }

  @Test func `a cancellation that fails is told and changes nothing`() async {
    var lines = lines(.triggered)
    lines.cancel = [.bad(.refused)]
    let play = await play(.begin, lines) {
      $0.timeout = .seconds(60)
      $0.cancelOn = [.timeout]
    }
    #expect(play.code == .outOfTime)
    #expect(play.cancels == 1)
    #expect(play.notes.contains { $0.contains("could not be canceled") })
  }

  @Test func `a cancellation takes less than two seconds`() async {
    var lines = lines(.triggered)
    lines.look = .always(.run(.running))
    let play = await play(.begin, lines) {
      $0.timeout = .seconds(60)
      $0.cancelOn = [.timeout]
    }
    #expect(play.outcome.waited < .seconds(62))
    #expect(play.cancels == 1)
  }

  @Test func `a run that was started and not yet seen is canceled too`() async {
    var lines = lines(.triggered)
    let interrupted = await play(.begin, lines, interrupted: .during(\.isStart)) {
      $0.cancelOn = [.interrupt]
    }
    #expect(interrupted.cancels == 1)
    lines.start = [.good(Found(handle: "started-after-x", identified: false))]
    let unidentified = await play(.begin, lines, interrupted: .during(\.isStart)) {
      $0.cancelOn = [.interrupt]
    }
    #expect(unidentified.calls.contains { $0.call == .cancel("7") })
    #expect(unidentified.code == .terminated)
  }

  @Test func `a vendor that cannot cancel says so`() async {
    let play = await play(Plain.self, .follow, lines(.found)) {
      $0.timeout = .seconds(60)
      $0.cancelOn = [.timeout]
      $0.cancelFound = true
    }
    #expect(play.code == .outOfTime)
    #expect(play.notes == ["This vendor cannot cancel runs."])
  }
}
