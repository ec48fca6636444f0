import PipelatchCore
import Testing

/// Runs that are not there, not yet there, or there no more.
struct AppearingTests {
  @Test(arguments: [1, 10, 120, 600])
  func `a run that never appears ends the wait at the appear-timeout`(seconds: Int) async {
    var lines = Script.Lines()
    lines.find = .always(.good(nil))
    let play = await play(.wait(.newest), lines) { $0.appear = .seconds(seconds) }
    #expect(play.code == .notFound)
    #expect(play.outcome.reason == .notFound)
    #expect(play.outcome.waited == .seconds(seconds))
    #expect(play.times(\.isFind).last == .seconds(seconds))
  }

  @Test func `a timeout shorter than the appear-timeout comes first`() async {
    var lines = Script.Lines()
    lines.find = .always(.good(nil))
    let play = await play(.wait(.newest), lines) { $0.timeout = .seconds(30) }
    #expect(play.code == .outOfTime)
    #expect(play.outcome.waited == .seconds(30))
  }

  @Test func `a run that appears late is followed to its end`() async {
    var lines = Script.Lines()
    lines.find = [.good(nil), .good(nil), .good(Found(.seven(.running)))]
    lines.look = [.run(.running), .run(.succeeded)]
    lines.durations = [.good([])]
    let play = await play(.wait(.newest), lines)
    #expect(play.code == .succeeded)
    #expect(play.count(\.isFind) == 3)
    #expect(play.looks.count == 2)
  }

  @Test func `the appear-timeout no longer matters once the run was seen`() async {
    var lines = Script.Lines()
    lines.find = [.good(Found(.seven(.queued)))]
    lines.look = .always(.run(.running))
    let play = await play(Plain.self, .wait(.newest), lines) { $0.timeout = .seconds(900) }
    #expect(play.code == .outOfTime)
  }

  @Test func `one miss of an explicit run is borne, the second ends the wait`() async {
    var lines = Script.Lines()
    lines.look = [.bad(.missing), .bad(.missing)]
    let play = await play(.follow, lines)
    #expect(play.code == .notFound)
    #expect(play.looks.count == 2)
    #expect(play.clock.sleeps.count == 1)
  }

  @Test func `a miss between two good looks is forgotten`() async {
    var lines = Script.Lines()
    lines.look = [
      .bad(.missing), .run(.running), .bad(.missing), .run(.running), .bad(.missing),
      .run(.succeeded),
    ]
    #expect(await play(Plain.self, .follow, lines).code == .succeeded)
  }

  @Test(arguments: [State.running, .waiting, .unknown("ODD")])
  func `a run that vanishes is no success`(state: State) async {
    var lines = Script.Lines()
    lines.look = Answers([.run(state)]).then(always: .bad(.missing))
    let play = await play(Plain.self, .follow, lines)
    #expect(play.code == .notFound)
    #expect(play.outcome.run?.id == "7")
    #expect(play.looks.count == 3)
  }

  @Test func `a missing pipeline ends the search after two misses`() async {
    var lines = Script.Lines()
    lines.find = .always(.bad(.missing))
    let play = await play(.wait(.newest), lines)
    #expect(play.code == .notFound)
    #expect(play.count(\.isFind) == 2)
  }

  @Test func `a run just started may be unknown for as long as a run may take to appear`() async {
    var lines = Script.Lines()
    lines.start = [.good(Found(handle: "7"))]
    lines.look = Answers([.bad(.missing), .bad(.missing), .bad(.missing), .bad(.missing)])
      .then(always: .run(.succeeded))
    #expect(await play(.begin, lines).code == .succeeded)
  }

  @Test func `a run just started that stays unknown ends with 66 and its id`() async {
    var lines = Script.Lines()
    lines.start = [.good(Found(handle: "7"))]
    lines.look = .always(.bad(.missing))
    let play = await play(.begin, lines)
    #expect(play.code == .notFound)
    #expect(play.outcome.run?.id == "7")
    #expect(play.outcome.waited == .seconds(120))
  }

  @Test func `the time to appear counts from the trigger, not from the gate's start`() async {
    var lines = Script.Lines()
    lines.start = [
      .bad(.never, takes: .seconds(100)), .bad(.never, takes: .seconds(100)),
      .good(Found(handle: "7")),
    ]
    lines.look = Answers([.bad(.missing)]).then(always: .run(.succeeded))
    #expect(await play(.begin, lines).code == .succeeded)
  }

  @Test func `an outage before the first good answer is told as an outage`() async {
    var lines = Script.Lines()
    lines.find = .always(.bad(.down))
    let play = await play(.wait(.newest), lines)
    #expect(play.code == .unreachable)
    #expect(play.outcome.waited == .seconds(300))
  }

  static let since = FakeClock.start + .seconds(60)

  @Test(
    arguments: [
      { $0.ref = "dev" }, { $0.commit = "fffffff" }, { $0.since = since },
    ] as [@Sendable (inout Selector) -> Void])
  func `a run that is not of the ref, commit or time asked for is 66`(
    wanted: @Sendable (inout Selector) -> Void
  ) async {
    var selector = Selector.seven
    wanted(&selector)
    var lines = Script.Lines()
    lines.look = [.run(.succeeded)]
    lines.find = [.good(Found(.seven(.succeeded)))]
    #expect(await play(.wait(selector), lines).code == .notFound)
    selector.run = nil
    #expect(await play(.wait(selector), lines).code == .notFound)
    #expect(await play(.check(selector), lines).code == .notFound)
  }

  @Test func `a run that does not say its ref, commit or time is not the one asked for`() {
    let bare = Run(id: "7", state: .succeeded)
    var byRef = Selector()
    byRef.ref = "main"
    var byCommit = Selector()
    byCommit.commit = "0123456"
    var byTime = Selector.newest
    byTime.since = Self.since
    #expect(!byRef.admits(bare))
    #expect(!byCommit.admits(bare))
    #expect(!byTime.admits(bare))
    #expect(Selector.newest.admits(bare))
  }

  @Test(arguments: [
    ("main", "main", true), ("refs/heads/main", "main", true), ("main", "refs/heads/main", true),
    ("refs/tags/v1", "v1", true), ("refs/heads/v1", "refs/tags/v1", false),
    ("main", "maint", false), ("feature/main", "main", false),
    ("refs/heads/a", "refs/heads/a", true),
  ])
  func `a branch and a tag of one name are told apart where both are spelled out`(
    one: String, other: String, same: Bool
  ) {
    #expect(Selector.names(one, other) == same)
  }

  @Test(arguments: [
    ("0123456", true), ("0123456789ABCDEF", true), ("012345", false), ("1234567", false),
    ("0123456789abcdef0123456789abcdef012345678", false),
  ])
  func `a commit may be abbreviated to seven characters`(prefix: String, same: Bool) {
    #expect(
      Selector.abbreviates(prefix, "0123456789abcdef0123456789abcdef01234567") == same)
  }
}
