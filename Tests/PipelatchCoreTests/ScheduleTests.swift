import PipelatchCore
import Testing

/// The schedule against an independent port of its formula, and what holds for every roll of the dice.
struct ScheduleTests {
  private static let rolls = [0.5, 0.1, 0.9, 0.3, 0.7, 0, 0.999, 0.25, 0.6, 0.45, 0.8, 0.2]

  private static var scripted: Dice {
    let place = Shared(0)
    return Dice {
      place.change { place in
        defer { place += 1 }
        return rolls[place % rolls.count]
      }
    }
  }

  private static func random(_ seed: Int) -> Dice {
    let mix = Shared(SplitMix(UInt64(seed)))
    return Dice { mix.change { $0.next() } }
  }

  /// Delays in seconds, each at the age that the ones before it add up to.
  private static func delays(_ schedule: Schedule, count: Int, dice: Dice = scripted) -> [Double] {
    var schedule = schedule
    var age = Duration.zero
    return (0..<count).map { _ in
      let delay = schedule.next(age: age, dice: dice)
      age += delay
      return delay.inSeconds
    }
  }

  private static func same(_ found: [Double], _ expected: [Double], within error: Double) -> Bool {
    found.count == expected.count && zip(found, expected).allSatisfy { abs($0 - $1) <= error }
  }

  @Test func `without history the delays are the reference's, number by number`() {
    let expected = [
      5, 8.4, 11.6, 9.2, 10.8, 8, 11.996, 9, 10.4, 9.8, 11.2, 8.8, 10, 8.4, 11.6, 9.2, 10.8, 8,
      11.996, 9, 10.4, 9.8, 11.2, 8.8,
    ]
    #expect(Self.same(Self.delays(Schedule(), count: 24), expected, within: 1e-9))
    var schedule = Schedule()
    let dice = Self.scripted
    let far = [0, 3000, 5000, 2000, 100].map {
      schedule.next(age: .seconds($0), dice: dice).inSeconds
    }
    #expect(Self.same(far, [5, 8.4, 23.2, 36.8, 10.8], within: 1e-9))
  }

  struct Sample: Sendable {
    var past: [Int]
    var pace: Schedule.Pace
    var delays: [Double]
  }

  /// From a port in Python, with the same rolls; the newest duration first.
  static let samples: [Sample] = [
    Sample(
      past: (0..<20).map { 395 - 5 * $0 }, pace: .normal,
      delays: [
        12.0, 36.8, 53.671, 37.008, 54.0, 59.611, 22.101, 13.523, 7.136, 6.714, 4.672, 6.499, 4.329,
        5.111, 3.212, 5.274,
      ]),
    Sample(
      past: (0..<20).map { 395 - 5 * $0 }, pace: .fast,
      delays: [
        12.0, 33.118, 21.205, 27.172, 19.5, 34.453, 25.696, 32.659, 31.356, 24.398, 10.05, 8.159,
        4.98, 6.195, 4.217, 4.087,
      ]),
    Sample(
      past: [310, 900, 300, 295, 320, 305, 290, 310, 300, 40], pace: .normal,
      delays: [
        12.0, 18.48, 8.532, 11.509, 9.659, 17.386, 27.744, 31.037, 41.131, 32.982, 39.253, 13.469,
        9.049, 4.632, 4.679, 2.785,
      ]),
    Sample(
      past: [310, 900, 300, 295, 320, 305, 290, 310, 300, 40], pace: .frugal,
      delays: [
        12.0, 35.488, 29.827, 47.723, 54.0, 58.8, 37.361, 8.115, 7.337, 5.157, 6.698, 4.75, 5.685,
        3.963, 6.919, 5.436,
      ]),
    Sample(
      past: [75, 60], pace: .normal,
      delays: [7.884, 5.623, 8.992, 7.243, 8.14, 4.195, 5.412, 3.135, 3.348, 2.853]),
    Sample(past: [24], pace: .frugal, delays: [8.005, 6.207, 6.01, 3.609, 4.231, 2.983]),
  ]

  @Test(arguments: samples)
  func `with history the delays are those of the formula`(sample: Sample) {
    var before = Schedule()
    before.pace = sample.pace
    before.learn(sample.past.map { .seconds($0) })
    var after = Schedule()
    after.learn(sample.past.map { .seconds($0) })
    after.pace = sample.pace
    let count = sample.delays.count
    #expect(Self.same(Self.delays(before, count: count), sample.delays, within: 2e-3))
    #expect(Self.delays(after, count: count) == Self.delays(before, count: count))
  }

  @Test(arguments: 0..<300)
  func `without history no delay is over 2 percent of the age, give or take`(seed: Int) {
    var schedule = Schedule()
    let dice = Self.random(seed)
    var age = 0.0
    while age < 20_000 {
      let delay = schedule.next(age: .seconds(age), dice: dice).inSeconds
      #expect(delay <= min(72, max(12, 0.024 * age)))
      #expect(delay >= 1)
      age += delay
    }
  }

  @Test(arguments: [
    [], [0], [-5, 0], [1], [24, 24], [3, 40_000], [10_000_000], [1, 2, 3, 4, 5],
  ])
  func `any durations give delays between the clamps`(past: [Int]) {
    for pace in Schedule.Pace.allCases {
      var schedule = Schedule()
      schedule.pace = pace
      schedule.learn(past.map { .seconds($0) })
      for delay in Self.delays(schedule, count: 400, dice: Self.random(past.count)) {
        #expect(delay >= 1 && delay <= 72)
      }
    }
  }

  @Test func `only the newest twenty durations count`() {
    let recent = [Duration](repeating: .seconds(100), count: 20)
    var short = Schedule()
    short.learn(recent)
    var long = Schedule()
    long.learn(recent + [Duration](repeating: .seconds(9000), count: 80))
    #expect(Self.delays(short, count: 30) == Self.delays(long, count: 30))
  }

  @Test func `no durations are no history`() {
    var schedule = Schedule()
    schedule.learn([.zero, .seconds(-3)])
    #expect(Self.delays(schedule, count: 24) == Self.delays(Schedule(), count: 24))
  }

  @Test func `a faster pace looks more often`() {
    let counts = [Schedule.Pace.fast, .normal, .frugal].map { pace in
      var schedule = Schedule()
      schedule.pace = pace
      schedule.learn([Duration](repeating: .seconds(600), count: 20))
      var (age, looks) = (0.0, 0)
      while age < 700 {
        age += schedule.next(age: .seconds(age), dice: Dice { 0.5 }).inSeconds
        looks += 1
      }
      return looks
    }
    #expect(counts[0] > counts[1] && counts[1] > counts[2])
  }

  @Test func `a fixed interval stays fixed`() {
    var schedule = Schedule()
    schedule.fixed = .milliseconds(700)
    schedule.learn([.seconds(100)])
    let dice = Self.random(1)
    for age in [0, 50, 100, 10_000] {
      #expect(
        schedule.next(age: .seconds(age), dice: dice, share: .seconds(90)) == .milliseconds(700))
    }
  }

  @Test func `no option makes a loop without a pause`() {
    var fixed = Schedule()
    fixed.fixed = .zero
    #expect(Self.delays(fixed, count: 3).allSatisfy { $0 > 0 })
    var open = Schedule()
    open.floor = .zero
    open.cap = .zero
    open.learn([.seconds(10)])
    #expect(Self.delays(open, count: 100).allSatisfy { $0 > 0 })
  }

  @Test func `clamps hold in the order that makes sense`() {
    var schedule = Schedule()
    schedule.floor = .seconds(30)
    schedule.cap = .seconds(5)
    schedule.learn([.seconds(100)])
    #expect(Self.delays(schedule, count: 20).allSatisfy { $0 >= 15 && $0 <= 45 })
  }
}
