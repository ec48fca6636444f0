import PipelatchCore
import Testing

/// What the loop bears, for how long, and what comes of it.
struct OutageTests {
  static let passing: [(Failure, ExitCode)] = [
    (.down, .unreachable), (.busy, .unreachable), (.garbled, .unreadable), (.never, .unreachable),
  ]

  @Test(arguments: passing, [10, 60, 300])
  func `a failure without end is borne to the end of tolerate`(
    pair: (Failure, ExitCode), seconds: Int
  ) async {
    var lines = Script.Lines()
    lines.look = .always(.bad(pair.0))
    let play = await play(.follow, lines) { $0.tolerate = .seconds(seconds) }
    #expect(play.code == pair.1)
    #expect(play.outcome.verdict == nil)
    #expect(play.outcome.waited == .seconds(seconds))
    #expect(play.looks.last == .seconds(seconds))
    #expect(play.looks.count > 2)
  }

  @Test(arguments: passing)
  func `tolerate counts from the first failure after a good look`(
    pair: (Failure, ExitCode)
  ) async {
    var lines = Script.Lines()
    lines.look = Answers([.run(.running), .run(.running), .run(.running)])
      .then(always: .bad(pair.0))
    let play = await play(Plain.self, .follow, lines) { $0.tolerate = .seconds(60) }
    #expect(play.code == pair.1)
    #expect(play.outcome.waited - play.looks[3] == .seconds(60))
    #expect(play.outcome.run?.id == "7")
  }

  @Test func `one failure after a long pause does not end the wait`() async {
    var lines = Script.Lines()
    lines.look = [.run(.running), .bad(.down), .run(.succeeded)]
    var schedule = Schedule()
    schedule.fixed = .seconds(600)
    let play = await play(Plain.self, .follow, lines, schedule: schedule) {
      $0.tolerate = .seconds(601)
    }
    #expect(play.code == .succeeded)
  }

  @Test(arguments: passing)
  func `a good look ends the outage`(pair: (Failure, ExitCode)) async {
    var lines = Script.Lines()
    let bad = Answers<Run>.Answer.bad(pair.0, takes: .seconds(40))
    lines.look = [
      bad, bad, bad, .run(.running), bad, bad, bad, .run(.running), bad, bad, bad, .run(.succeeded),
    ]
    let play = await play(Plain.self, .follow, lines) { $0.tolerate = .seconds(150) }
    #expect(play.code == .succeeded)
    #expect(play.troubles.count == 9)
  }

  @Test func `no tolerance ends at the first failure`() async {
    var lines = Script.Lines()
    lines.look = [.bad(.down)]
    let play = await play(.follow, lines) { $0.tolerate = .zero }
    #expect(play.code == .unreachable)
    #expect(play.clock.sleeps.isEmpty)
  }

  @Test func `the kind of the last failure gives the code`() async {
    var lines = Script.Lines()
    lines.look = Answers([.bad(.garbled), .bad(.busy)]).then(always: .bad(.down))
    #expect(await play(.follow, lines).code == .unreachable)
    lines.look = Answers([.bad(.down), .bad(.busy)]).then(always: .bad(.garbled))
    #expect(await play(.follow, lines).code == .unreadable)
  }

  @Test(arguments: [
    (Failure.refused, ExitCode.refused), (Failure(.rejected, "no"), .usage),
    (Failure(.usage, "no"), .usage), (Failure(.notConfigured, "no"), .notConfigured),
    (Failure(.fault, "no"), .fault), (Failure(.uncertain, "no"), .uncertainTrigger),
  ])
  func `what time cannot cure ends the wait at once, at the first look and later`(
    failure: Failure, code: ExitCode
  ) async {
    var lines = Script.Lines()
    lines.look = [.bad(failure)]
    let first = await play(.follow, lines)
    #expect(first.code == code)
    #expect(first.clock.sleeps.isEmpty)
    lines.look = [.run(.running), .bad(failure)]
    let later = await play(Plain.self, .follow, lines)
    #expect(later.code == code)
    #expect(later.looks.count == 2)
    #expect(later.outcome.run?.id == "7")
  }

  @Test(arguments: [1, 7, 30, 120])
  func `Retry-After is the least time to the next look`(seconds: Int) async {
    var lines = Script.Lines()
    lines.look = [.run(.running), .bad(.busy(for: .seconds(seconds))), .run(.succeeded)]
    for roll in [0, 0.5, 0.999] {
      let play = await play(Plain.self, .follow, lines, dice: Dice { roll })
      #expect(play.code == .succeeded)
      let gap = play.looks[2] - play.looks[1]
      #expect(gap >= .seconds(seconds))
      #expect(gap <= .seconds(seconds + 5) || seconds < 2)
      #expect(play.troubles.map(\.retryIn) == [gap])
    }
  }

  @Test func `Retry-After holds a fixed interval back too`() async {
    var lines = Script.Lines()
    lines.look = [.bad(.busy(for: .seconds(40))), .run(.succeeded)]
    var schedule = Schedule()
    schedule.fixed = .seconds(1)
    let play = await play(Plain.self, .follow, lines, schedule: schedule)
    #expect(play.looks[1] >= .seconds(40))
  }

  @Test func `patience asked for beyond the timeout ends at the timeout without a look`() async {
    var lines = Script.Lines()
    lines.look = [.run(.running), .bad(.busy(for: .seconds(250)))]
    let play = await play(Plain.self, .follow, lines) { $0.timeout = .seconds(100) }
    #expect(play.code == .outOfTime)
    #expect(play.outcome.waited == .seconds(100))
    #expect(play.looks.count == 2)
  }

  @Test func `patience asked for beyond tolerate ends at tolerate without a look`() async {
    var lines = Script.Lines()
    lines.look = [.bad(.busy(for: .seconds(3000)))]
    let play = await play(.follow, lines)
    #expect(play.code == .unreachable)
    #expect(play.outcome.waited == .seconds(300))
    #expect(play.looks.count == 1)
  }

  @Test func `an outage at the deadline is told with the timeout`() async {
    var lines = Script.Lines()
    lines.look = Answers([.run(.running)]).then(always: .bad(.down))
    let play = await play(Plain.self, .follow, lines) { $0.timeout = .seconds(60) }
    #expect(play.code == .outOfTime)
    #expect(play.outcome.message?.contains("no answer") == true)
  }

  @Test(arguments: [1, 59, 60, 61, 3600])
  func `the last look is at the deadline, and no sleep leads past it`(seconds: Int) async {
    var lines = Script.Lines()
    lines.look = .always(.run(.running))
    let play = await play(Plain.self, .follow, lines) { $0.timeout = .seconds(seconds) }
    #expect(play.code == .outOfTime)
    #expect(play.looks.last == .seconds(seconds))
    #expect(play.outcome.waited == .seconds(seconds))
  }

  @Test func `the look at the deadline still counts`() async {
    var lines = Script.Lines()
    lines.look = [.run(.running), .run(.succeeded)]
    var schedule = Schedule()
    schedule.fixed = .seconds(60)
    let play = await play(Plain.self, .follow, lines, schedule: schedule) {
      $0.timeout = .seconds(20)
    }
    #expect(play.code == .succeeded)
    #expect(play.looks == [.zero, .seconds(20)])
  }

  @Test func `no time at all still is one look`() async {
    var lines = Script.Lines()
    lines.look = .always(.run(.succeeded))
    #expect(await play(Plain.self, .follow, lines) { $0.timeout = .zero }.code == .succeeded)
    lines.look = .always(.run(.running))
    let play = await play(Plain.self, .follow, lines) { $0.timeout = .zero }
    #expect(play.code == .outOfTime)
    #expect(play.looks.count == 1)
  }

  @Test func `slow answers do not stretch the wait by more than one answer`() async {
    var lines = Script.Lines()
    lines.look = .always(.good(.seven(.running), takes: .seconds(25)))
    let play = await play(Plain.self, .follow, lines) { $0.timeout = .seconds(60) }
    #expect(play.code == .outOfTime)
    #expect(play.outcome.waited <= .seconds(85))
  }

  @Test func `failures neither reset nor stretch the schedule`() async {
    var lines = Script.Lines()
    let bad = Answers<Run>.Answer.bad(.down)
    let good = Answers<Run>.Answer.run(.running)
    lines.look = [good, good, good, bad, bad, good, .run(.succeeded)]
    let play = await play(Plain.self, .follow, lines)
    let gaps = zip(play.looks.dropFirst(), play.looks).map { $0 - $1 }
    #expect(gaps[0] == .seconds(5))
    #expect(gaps[1] == .seconds(10))
    #expect(gaps[2] == .seconds(10))
    #expect(gaps[5] == .seconds(10))
  }

  @Test func `pauses in an outage grow with full jitter up to the cap`() async {
    var lines = Script.Lines()
    lines.look = .always(.bad(.down))
    let highest = await play(.follow, lines, dice: Dice { 0.999_999 }) {
      $0.tolerate = .seconds(900)
    }
    let seconds = highest.clock.sleeps.map { Int($0.inSeconds.rounded()) }
    #expect(seconds.prefix(7) == [2, 4, 8, 16, 32, 60, 60])
    let lowest = await play(.follow, lines, dice: Dice { 0 }) { $0.tolerate = .seconds(20) }
    #expect(lowest.clock.sleeps.allSatisfy { $0 == .seconds(2) })
  }

  @Test func `a gate is let in for each look, good or bad, and out for each rest`() async {
    let (clock, meter, resting) = (FakeClock(), FakeMeter(), Shared<[Int]>([]))
    clock.atSleep { _ in resting.change { $0.append(meter.inside.now) } }
    var lines = Script.Lines()
    lines.look = [.run(.running), .bad(.down), .run(.running), .run(.succeeded)]
    let play = await play(.follow, lines, meter: meter, clock: clock)
    #expect(play.code == .succeeded && meter.inside.now == 0)
    #expect(resting.value == [0, 0, 0])
    #expect(meter.inside.answers.count >= 4 && meter.inside.answers.allSatisfy { $0 == 1 })
  }

  @Test func `the next try is told for when it comes, also where the wait ends before`() async {
    var lines = Script.Lines()
    lines.look = .always(.bad(.down))
    let brief = await play(.follow, lines) { $0.tolerate = .milliseconds(2500) }
    let tries = zip(brief.looks, brief.troubles).map { $0 + $1.retryIn }
    #expect(Array(brief.looks.dropFirst()) == tries.dropLast())
    #expect(brief.looks.last == .milliseconds(2500))
    lines.look = .always(.bad(.busy(for: .seconds(3600))))
    let hour = await play(.follow, lines)
    #expect(hour.looks == [.zero] && hour.troubles[0].retryIn >= .seconds(3600))
  }
}
