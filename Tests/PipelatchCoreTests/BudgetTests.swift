import Testing

@testable import PipelatchCore

/// What is left of an API budget, and what it does to the wait.
struct BudgetTests {
  static let now = FakeClock.start

  private static func budget(_ remaining: Int, in seconds: Int) -> Budget {
    Budget(remaining: remaining, limit: 5000, resetsAt: now + .seconds(seconds))
  }

  @Test(arguments: [
    (100, 1000, 1, 1.0, 20.0), (100, 1000, 4, 1, 80), (100, 1000, 1, 3, 60),
    (5000, 3600, 1, 1, 1.44),
    (1, 1000, 1, 1, 1000), (100, 1000, 0, 0.2, 20),
  ])
  func `all gates together spend half of what is left until it is full again`(
    remaining: Int, seconds: Int, gates: Int, cost: Double, expected: Double
  ) {
    let share = Self.budget(remaining, in: seconds).share(at: Self.now, gates: gates, cost: cost)
    #expect(share.map { abs($0.inSeconds - expected) < 1e-6 } == true)
  }

  @Test func `an exhausted budget waits until it is full again, a full one for nothing`() {
    #expect(Self.budget(0, in: 90).share(at: Self.now, gates: 7) == .seconds(90))
    #expect(Self.budget(0, in: 0).share(at: Self.now, gates: 7) == nil)
    #expect(Self.budget(3, in: -5).share(at: Self.now, gates: 7) == nil)
  }

  @Test func `a share under the formula's delay changes nothing`() {
    for past in [[], [Duration](repeating: .seconds(300), count: 20)] {
      var plain = Schedule()
      plain.learn(past)
      var rich = plain
      for age in stride(from: 0, to: 400, by: 13) {
        let dice = Dice { 0.5 }
        let expected = plain.next(age: .seconds(age), dice: dice)
        #expect(rich.next(age: .seconds(age), dice: dice, share: .seconds(1.5)) == expected)
        #expect(!rich.stretched)
      }
    }
  }

  @Test(arguments: [10, 30, 120])
  func `a share over it thins the looks out to it`(share: Int) {
    for past in [[], [Duration](repeating: .seconds(300), count: 20)] {
      var schedule = Schedule()
      schedule.learn(past)
      var (age, looks) = (270.0, 0)
      while age < 270 + Double(20 * share) {
        age +=
          schedule.next(age: .seconds(age), dice: Dice { 0.5 }, share: .seconds(share)).inSeconds
        looks += 1
      }
      #expect(looks <= 23)
    }
  }

  private func play(
    _ meter: FakeMeter, seconds: Int, past: [Duration], schedule: Schedule = Schedule()
  ) async -> Play {
    var lines = Script.Lines()
    lines.look = .always(.run(.running))
    lines.durations = [.good(past)]
    return await PipelatchCoreTests.play(.follow, lines, meter: meter, schedule: schedule) {
      $0.timeout = .seconds(seconds)
    }
  }

  @Test(arguments: [1, 2, 5], [10, 40, 200])
  func `a gate does not use a budget up, and says once that it asks less often`(
    gates: Int, remaining: Int
  ) async {
    let past = [Duration](repeating: .seconds(300), count: 20)
    let meter = FakeMeter(budget: Self.budget(remaining, in: 600), gates: gates)
    let play = await play(meter, seconds: 600, past: past)
    #expect(play.outcome.requests.total < remaining)
    let early = play.looks.filter { $0 <= .seconds(300) }.count
    #expect(Double(early) <= 0.3 * Double(remaining) / Double(gates) + 4)
    let told = play.notes.filter { $0.hasPrefix("The vendor allows") }
    #expect(remaining > 100 && gates == 1 || !told.isEmpty)
    #expect(told.count <= 12)
  }

  @Test func `a large budget is not spoken of`() async {
    let meter = FakeMeter(budget: Self.budget(4900, in: 3000))
    let past = [Duration](repeating: .seconds(300), count: 20)
    #expect(await play(meter, seconds: 600, past: past).notes == [])
  }

  @Test func `a fixed interval is not stretched`() async {
    var schedule = Schedule()
    schedule.fixed = .seconds(10)
    let meter = FakeMeter(budget: Self.budget(10, in: 3000))
    let play = await play(meter, seconds: 100, past: [], schedule: schedule)
    #expect(play.looks.count == 11)
  }

  @Test func `the sentence says what is left and until when`() {
    #expect(
      Self.budget(12, in: 90).sentence(at: Self.now)
        == "The vendor allows 12 of 5000 more requests in the next 90 s, so pipelatch asks less often."
    )
  }
}
