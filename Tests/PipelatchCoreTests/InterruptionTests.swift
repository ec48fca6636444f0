import PipelatchCore
import Testing

/// A signal at every phase: never 0, never a second run, and no run left that nobody knows of.
struct InterruptionTests {
  @Test(arguments: [State.running, .succeeded, .failed, .unknown("ODD")])
  func `a signal during a look is never 0`(state: State) async {
    var lines = Script.Lines()
    lines.look = .always(.run(state))
    let play = await play(Plain.self, .follow, lines, interrupted: .during(\.isLook))
    #expect(play.code == .terminated)
    #expect(play.outcome.reason == .interrupted)
    #expect(play.outcome.verdict == nil)
    #expect(play.looks.count == 1)
    #expect(play.events.last == .verdict(play.outcome))
  }

  @Test(arguments: [Failure.down, .refused, .missing, .garbled])
  func `a look that fails because of the signal is an interruption`(failure: Failure) async {
    var lines = Script.Lines()
    lines.look = .always(.bad(failure))
    for purpose in [Gate.Purpose.follow, .inspect] {
      let play = await play(Plain.self, purpose, lines, interrupted: .during(\.isLook))
      #expect(play.code == .terminated)
      #expect(play.troubles.isEmpty)
    }
  }

  @Test(arguments: 1...5)
  func `a signal during a sleep ends the wait at once`(number: Int) async {
    var lines = Script.Lines()
    lines.look = .always(.run(.running))
    let play = await play(Plain.self, .follow, lines, interrupted: .atSleep(number))
    #expect(play.code == .terminated)
    #expect(play.looks.count == number)
    #expect(play.outcome.message == "Interrupted; run 7 goes on.")
  }

  @Test func `a signal while a run is looked for`() async {
    var lines = Script.Lines()
    lines.find = .always(.good(nil))
    let searching = await play(.wait(.newest), lines, interrupted: .during(\.isFind))
    #expect(searching.code == .terminated)
    #expect(searching.outcome.run == nil)
    #expect(await play(.wait(.newest), lines, interrupted: .atSleep(2)).code == .terminated)
  }

  @Test func `a signal while the key is looked for starts nothing`() async {
    var lines = Script.Lines()
    lines.marked = .always(.good(nil))
    let play = await play(.trigger(.keyed), lines, interrupted: .during(\.isMarked))
    #expect(play.code == .terminated)
    #expect(play.starts == 0)
  }

  @Test func `a signal during the trigger waits for its answer, so that the run is known`() async {
    var lines = Script.Lines()
    lines.start = [.good(Found(handle: "7"))]
    for purpose in [Gate.Purpose.begin, .launch(.plain)] {
      let play = await play(purpose, lines, interrupted: .during(\.isStart))
      #expect(play.code == .terminated)
      #expect(play.starts == 1)
      #expect(play.outcome.run?.id == "7")
    }
  }

  @Test(arguments: [Order.plain, .keyed])
  func `a signal during a trigger whose answer is lost says that a run may have started`(
    order: Order
  ) async {
    var lines = Script.Lines()
    lines.start = [.bad(.down)]
    lines.marked = .always(.good(nil))
    let play = await play(.trigger(order), lines, interrupted: .during(\.isStart))
    #expect(play.code == .terminated)
    #expect(play.starts == 1)
    #expect(play.outcome.message?.contains("may or may not have started") == true)
  }

  @Test func `a signal between two attempts that never arrived starts nothing more`() async {
    var lines = Script.Lines()
    lines.start = Answers([.bad(.never)]).then(always: .good(Found(handle: "7")))
    let play = await play(.begin, lines, interrupted: .atSleep(1))
    #expect(play.code == .terminated)
    #expect(play.starts == 1)
  }

  @Test func `a signal while a lost run is searched for says so`() async {
    var lines = Script.Lines()
    lines.start = [.bad(.down)]
    lines.marked = .always(.good(nil))
    let play = await play(.trigger(.keyed), lines, interrupted: .atSleep(2))
    #expect(play.code == .terminated)
    #expect(play.outcome.message?.contains("may or may not have started") == true)
  }

  @Test func `a signal during a log, a listing or a drive ends the wait`() async {
    var lines = Script.Lines()
    lines.look = .always(.good(.seven(.running, jobs: .named("test", .failed))))
    lines.log = .always(.good(["boom"]))
    lines.durations = .always(.good([]))
    #expect(await play(.follow, lines, interrupted: .during(\.isLog)).code == .terminated)
    #expect(
      await play(.follow, lines, interrupted: .during { $0 == .durations }).code == .terminated)
    lines.start = [.good(Found(handle: "7"))]
    lines.advance = .always(.good(Nothing()))
    #expect(
      await play(Still.self, .begin, lines, interrupted: .during(\.isAdvance)).code == .terminated
    )
  }
}
