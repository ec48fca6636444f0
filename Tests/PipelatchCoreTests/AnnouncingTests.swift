import PipelatchCore
import Testing

/// A vendor that tells of changes by itself wakes the loop, and cannot drive it wild.
struct AnnouncingTests {
  /// A clock on which whoever races a longer sleep wins.
  private var clock: FakeClock {
    let clock = FakeClock()
    clock.stall(over: .seconds(1))
    return clock
  }

  private func gaps(_ play: Play) -> [Duration] {
    zip(play.looks.dropFirst(), play.looks).map { $0 - $1 }
  }

  @Test func `a change ends the pause`() async {
    var lines = Script.Lines()
    lines.look = [.run(.running), .run(.running), .run(.succeeded)]
    lines.change = .always(.good(Nothing(), takes: .milliseconds(1500)))
    let play = await play(Talker.self, .follow, lines, clock: clock)
    #expect(play.code == .succeeded)
    #expect(gaps(play) == [.milliseconds(1500), .milliseconds(1500)])
  }

  @Test(arguments: [0, 1, 250, 999])
  func `changes without end are looked at once a second`(milliseconds: Int) async {
    var lines = Script.Lines()
    lines.look = Answers([Answers<Run>.Answer](repeating: .run(.running), count: 50))
      .then(always: .run(.succeeded))
    lines.change = .always(.good(Nothing(), takes: .milliseconds(milliseconds)))
    let play = await play(Talker.self, .follow, lines, clock: clock)
    #expect(play.code == .succeeded)
    #expect(gaps(play).allSatisfy { $0 == .seconds(1) })
  }

  @Test func `a lower floor of the schedule is the limit instead`() async {
    var lines = Script.Lines()
    lines.look = [.run(.running), .run(.running), .run(.succeeded)]
    lines.change = .always(.good(Nothing()))
    var schedule = Schedule()
    schedule.floor = .milliseconds(300)
    let play = await play(Talker.self, .follow, lines, clock: clock, schedule: schedule)
    #expect(gaps(play) == [.milliseconds(300), .milliseconds(300)])
  }

  @Test func `a vendor that stays silent is polled`() async {
    var lines = Script.Lines()
    lines.look = [.run(.running), .run(.running), .run(.succeeded)]
    lines.change = .always(.bad(.down))
    let play = await play(Talker.self, .follow, lines)
    #expect(play.code == .succeeded)
    #expect(gaps(play) == [.seconds(5), .seconds(10)])
    #expect(play.troubles.isEmpty)
  }

  @Test func `a change does not shorten the patience that the vendor asked for`() async {
    var lines = Script.Lines()
    lines.look = [.run(.running), .bad(.busy(for: .seconds(40))), .run(.succeeded)]
    lines.change = .always(.bad(.down))
    let play = await play(Talker.self, .follow, lines)
    #expect(play.code == .succeeded)
    #expect(play.count { $0 == .change } == 1)
    #expect(gaps(play)[1] >= .seconds(40))
  }

  @Test func `a signal while listening ends the wait`() async {
    var lines = Script.Lines()
    lines.look = .always(.run(.running))
    lines.change = .always(.good(Nothing()))
    let play = await play(
      Talker.self, .follow, lines, clock: clock, interrupted: .during { $0 == .change })
    #expect(play.code == .terminated)
    #expect(play.looks.count == 1)
  }
}
