import PipelatchCore
import Testing

/// A run is started once, whatever becomes of the request.
struct TriggerTests {
  private func lines(_ start: Answers<Found>) -> Script.Lines {
    var lines = Script.Lines()
    lines.start = start
    lines.look = .always(.run(.succeeded))
    return lines
  }

  /// Every kind of failure of the trigger itself, and the code it gives.
  static let failures: [(Failure, ExitCode)] = [
    (.down, .uncertainTrigger), (.garbled, .uncertainTrigger),
    (Failure(.unreachable, "bad gateway", status: 502), .uncertainTrigger),
    (Failure(.uncertain, "the vendor cannot say"), .uncertainTrigger),
    (.busy, .unreachable), (.busy(for: .seconds(1)), .unreachable), (.refused, .refused),
    (.missing, .notFound), (Failure(.rejected, "no such branch"), .usage),
    (Failure(.usage, "no inputs here"), .usage), (Failure(.notConfigured, "no"), .notConfigured),
  ]

  @Test(arguments: failures)
  func `the trigger is sent once, whatever it fails with`(pair: (Failure, ExitCode)) async {
    let play = await play(.begin, lines(.always(.bad(pair.0))))
    #expect(play.starts == 1)
    #expect(play.code == pair.1)
    #expect(play.outcome.verdict == nil)
    #expect(play.clock.sleeps.isEmpty)
    let launch = await TriggerTests.launch(lines(.always(.bad(pair.0))))
    #expect(launch.starts == 1)
    #expect(launch.code == pair.1)
  }

  private static func launch(_ lines: Script.Lines) async -> Play {
    await play(.launch(.plain), lines)
  }

  @Test func `a lost answer says that nothing was repeated and what to do`() async {
    let play = await play(.begin, lines([.bad(.down)]))
    #expect(play.outcome.reason == .uncertainTrigger)
    #expect(play.outcome.message?.contains("once") == true)
    #expect(play.outcome.message?.contains("--key") == true)
  }

  @Test(arguments: ["", " ", "7\n", "\u{0}", "7 8", "\u{7F}"])
  func `an answer with something that is no id is a lost one`(id: String) async {
    let play = await play(.begin, lines(.always(.good(Found(handle: id)))))
    #expect(play.starts == 1)
    #expect(play.code == .uncertainTrigger)
  }

  @Test(arguments: [1, 2, 5])
  func `what certainly never arrived is sent again`(times: Int) async {
    let never = [Answers<Found>.Answer](repeating: .bad(.never), count: times)
    let play = await play(.begin, lines(Answers(never + [.good(Found(handle: "7"))])))
    #expect(play.code == .succeeded)
    #expect(play.starts == times + 1)
    #expect(play.troubles.count == times)
  }

  @Test func `what never arrives is given up at the end of tolerate`() async {
    let play = await play(.begin, lines(.always(.bad(.never))))
    #expect(play.code == .unreachable)
    #expect(play.outcome.waited == .seconds(300))
  }

  @Test func `a trigger that may have arrived is not repeated after ones that did not`() async {
    let play = await play(
      .begin, lines(Answers([.bad(.never), .bad(.never)]).then(always: .bad(.down))))
    #expect(play.code == .uncertainTrigger)
    #expect(play.starts == 3)
  }

  @Test(arguments: [Failure.never, .refused, .missing, .busy, .garbled])
  func `a request after the trigger that fails does not start a second run`(
    failure: Failure
  ) async {
    var later = failure
    later.mayHaveArrived = false
    let play = await play(.begin, lines(.always(.bad(later, changes: 1))))
    #expect(play.starts == 1)
    #expect(play.code == .uncertainTrigger)
  }

  @Test func `a fault before the trigger is a fault, one after it leaves the run uncertain`() async
  {
    let before = await play(.begin, lines(.always(.bad(Failure(.fault, "bug"), changes: 0))))
    #expect(before.code == .fault)
    let after = await play(.begin, lines(.always(.bad(Failure(.fault, "bug"), changes: 1))))
    #expect(after.code == .uncertainTrigger)
    #expect(before.starts + after.starts == 2)
  }

  @Test(arguments: [Failure.refused, .missing, Failure(.rejected, "no")])
  func `a plain no to a request that only reads gives its own code`(failure: Failure) async {
    var reading = failure
    reading.mayHaveArrived = false
    let play = await play(.begin, lines(.always(.bad(reading))))
    #expect(play.code == failure.exitCode)
  }

  @Test func `nothing is started at the end of the timeout`() async {
    let play = await play(
      .begin,
      lines(Answers([.bad(.never, takes: .seconds(61))]).then(always: .good(Found(handle: "7"))))
    ) { $0.timeout = .seconds(60) }
    #expect(play.code == .outOfTime)
    #expect(play.starts == 1)
    let late = await TriggerTests.atDeadline()
    #expect(late.code == .outOfTime)
    #expect(late.starts == 1)
    #expect(late.outcome.message?.contains("nothing was started") == true)
  }

  private static func atDeadline() async -> Play {
    var lines = Script.Lines()
    lines.start = Answers([.bad(.busy(for: .seconds(60)))]).then(always: .good(Found(handle: "7")))
    var never = Failure.busy(for: .seconds(60))
    never.mayHaveArrived = false
    lines.start = Answers([.bad(never)]).then(always: .good(Found(handle: "7")))
    return await play(.begin, lines) { $0.timeout = .seconds(60) }
  }

  @Test func `a vendor that cannot start runs says so before anything is sent`() async {
    let play = await play(Plain.self, .begin, Script.Lines())
    #expect(play.code == .usage)
    #expect(play.calls.isEmpty)
  }

  @Test func `a key needs a vendor that can mark runs`() async {
    let play = await play(Still.self, .trigger(.keyed), lines([.good(Found(handle: "7"))]))
    #expect(play.code == .usage)
    #expect(play.calls.isEmpty)
  }

  @Test func `launch ends with the id at once`() async {
    var lines = lines([.good(Found(handle: "7"))])
    lines.look = []
    let play = await play(.launch(.plain), lines)
    #expect(play.code == .succeeded)
    #expect(play.outcome.verdict == nil)
    #expect(play.outcome.run?.id == "7")
    #expect(play.calls.map(\.call) == [.start(.plain)])
  }

  @Test func `launch looks for the id where the vendor does not tell it`() async {
    var lines = lines([.good(Found(handle: "started-after-x", identified: false))])
    lines.look = [.bad(.missing), .bad(.missing), .bad(.missing), .run(.failed)]
    let play = await play(.launch(.plain), lines)
    #expect(play.code == .succeeded)
    #expect(play.outcome.run?.id == "7")
    #expect(play.outcome.verdict == nil)
  }

  @Test(arguments: [Gate.Purpose.trigger(.plain), .launch(.plain)])
  func `a trigger that was taken and whose run stays unknown is 75`(purpose: Gate.Purpose) async {
    var lines = lines([.good(Found(handle: "started-after-x", identified: false))])
    lines.look = .always(.bad(.missing))
    let play = await play(purpose, lines)
    #expect(play.code == .uncertainTrigger)
    #expect(play.outcome.reason == .uncertainTrigger)
    #expect(play.outcome.run == nil)
    #expect(play.starts == 1)
  }

  @Test(arguments: [Gate.Purpose.trigger(.ref("dev")), .launch(.ref("dev"))])
  func `a run of another ref than ordered is 66`(purpose: Gate.Purpose) async {
    let play = await play(purpose, lines([.good(Found(.seven(.succeeded)))]))
    #expect(play.code == .notFound)
    #expect(play.outcome.message?.contains("main, not dev") == true)
    #expect(play.starts == 1)
  }

  @Test func `a run that tells its ref late is held to it then`() async {
    var lines = lines([.good(Found(handle: "7"))])
    let silent = Run.seven(.queued) { $0.refs = [] }
    lines.look = [.good(silent), .run(.running), .run(.succeeded)]
    lines.durations = [.good([])]
    #expect(await play(.trigger(.ref("dev")), lines).code == .notFound)
    #expect(await play(.trigger(.ref("main")), lines).code == .succeeded)
  }

  @Test func `a run of another commit than ordered is 66`() async {
    var order = Order()
    order.commit = "fedcba9876"
    let lines = lines([.good(Found(handle: "7"))])
    #expect(await play(.trigger(order), lines).code == .notFound)
    order.commit = "0123456789"
    #expect(await play(.trigger(order), lines).code == .succeeded)
  }

  @Test func `a vendor that stands still is driven after each look, when we started the run`() async
  {
    var lines = lines([.good(Found(handle: "7"))])
    lines.look = [.run(.queued), .run(.running), .run(.succeeded)]
    lines.advance = .always(.good(Nothing()))
    let started = await play(Still.self, .begin, lines)
    #expect(started.code == .succeeded)
    #expect(started.count(\.isAdvance) == 2)
    let found = await play(Still.self, .follow, lines)
    #expect(found.code == .succeeded)
    #expect(found.count(\.isAdvance) == 0)
  }

  @Test func `a failing drive is borne as a failing look is`() async {
    var lines = lines([.good(Found(handle: "7"))])
    lines.look = .always(.run(.running))
    lines.advance = .always(.bad(.down))
    let down = await play(Still.self, .begin, lines)
    #expect(down.code == .unreachable)
    #expect(down.starts == 1)
    lines.advance = .always(.bad(.refused))
    #expect(await play(Still.self, .begin, lines).code == .refused)
  }
}
