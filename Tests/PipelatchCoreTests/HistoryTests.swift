import Testing

@testable import PipelatchCore

/// What past runs and the vendor's clock do to the wait.
struct HistoryTests {
  static let twenty = [Duration](repeating: .seconds(300), count: 20)

  private func lines(_ looks: Answers<Run>) -> Script.Lines {
    var lines = Script.Lines()
    lines.look = looks
    lines.durations = [.good(Self.twenty)]
    return lines
  }

  @Test func `past durations are asked for once, after the first look`() async {
    let play = await play(.follow, lines([.run(.running), .run(.running), .run(.succeeded)]))
    #expect(play.code == .succeeded)
    #expect(play.calls.map(\.call) == [.look("7"), .durations, .look("7"), .look("7")])
  }

  @Test func `a listing that fails is not asked for again and harms nothing`() async {
    var lines = lines([.run(.running), .run(.running), .run(.running), .run(.succeeded)])
    for failure in [Failure.down, .refused, .missing, .garbled, .busy] {
      lines.durations = [.bad(failure)]
      let play = await play(.follow, lines)
      #expect(play.code == .succeeded)
      #expect(play.count { $0 == .durations } == 1)
      #expect(play.troubles.isEmpty)
    }
  }

  @Test func `gates of one pipeline and ref ask once, unless the vendor did not tell`() async {
    var lines = Script.Lines()
    let tales = (1...3).map { [Duration.seconds($0)] }
    lines.durations = [.bad(.down), .good(tales[0]), .good(tales[1]), .good(tales[2])]
    let vendor = Rich(script: Script(lines, clock: FakeClock(), meter: FakeMeter()) { _ in })
    let (past, run) = (Past(), Run.seven(.running))
    let other = Run.seven(.running) { $0.refs = ["release"] }
    #expect(await past.durations(like: run, at: vendor, named: "a") == nil)
    for _ in 0..<2 { #expect(await past.durations(like: run, at: vendor, named: "a") == tales[0]) }
    #expect(await past.durations(like: other, at: vendor, named: "a") == tales[1])
    #expect(await past.durations(like: run, at: vendor, named: "b") == tales[2])
  }

  @Test
  func
    `no listing with --no-history, with a fixed interval, for check, or for a run that has ended`()
    async
  {
    let running = lines([.run(.running), .run(.succeeded)])
    #expect(await play(.follow, running) { $0.learn = false }.count { $0 == .durations } == 0)
    var fixed = Schedule()
    fixed.fixed = .seconds(3)
    #expect(await play(.follow, running, schedule: fixed).count { $0 == .durations } == 0)
    #expect(await play(.inspect, running).count { $0 == .durations } == 0)
    let ended = await play(.follow, lines([.run(.failed)]))
    #expect(ended.count { $0 == .durations } == 0)
  }

  @Test func `looks are dense where past runs ended, and few before`() async {
    let play = await play(.follow, lines(.always(.run(.running)))) { $0.timeout = .seconds(360) }
    let early = play.looks.filter { $0 < .seconds(240) }
    let due = play.looks.filter { $0 >= .seconds(270) && $0 <= .seconds(330) }
    #expect(early.count < due.count)
    #expect(due.count >= 10)
  }

  @Test(arguments: [-100_000, -60, 0, 60, 100_000])
  func `the age of a run is taken by the vendor's clock`(skew: Int) async {
    let gap = Duration.seconds(skew)
    let old = Run.seven(.running) { $0.createdAt = FakeClock.start + gap - .seconds(285) }
    let play = await play(
      .follow, lines(.always(.good(old))), meter: FakeMeter(skew: gap)
    ) { $0.timeout = .seconds(30) }
    let gaps = zip(play.looks.dropFirst(), play.looks).map { $0 - $1 }
    #expect(gaps.dropLast().allSatisfy { $0 <= .seconds(3.5) })
    #expect(play.looks.count >= 9)
  }

  @Test func `a run that was run again is as old as its last start`() async {
    let again = Run.seven(.running) {
      $0.createdAt = FakeClock.start - .seconds(1_000_000)
      $0.startedAt = FakeClock.start - .seconds(285)
    }
    let play = await play(.follow, lines(.always(.good(again)))) { $0.timeout = .seconds(30) }
    #expect(play.looks.count >= 9)
  }

  @Test func `a run from the future is as old as nothing`() async {
    let odd = Run.seven(.running) { $0.createdAt = FakeClock.start + .seconds(1_000_000) }
    let play = await play(.follow, lines(.always(.good(odd)))) { $0.timeout = .seconds(300) }
    #expect(play.code == .outOfTime)
    #expect((5...40).contains(play.looks.count))
  }

  @Test func `the ladder begins anew when the run has appeared`() async {
    var lines = Script.Lines()
    lines.find = Answers([.good(nil), .good(nil), .good(nil)])
      .then(always: .good(Found(.seven(.running))))
    lines.look = .always(.run(.running))
    let play = await play(Plain.self, .wait(.newest), lines) { $0.timeout = .seconds(200) }
    let found = play.times(\.isFind).last!
    #expect(play.looks[0] - found == .seconds(5))
    #expect(play.looks[1] - play.looks[0] == .seconds(10))
  }
}
