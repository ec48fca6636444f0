import PipelatchCore
import RealModule

/// A way to decide when to look next, under the name it is reported by.
struct Policy: Sendable {
  enum Way: Sendable {
    /// pipelatch's own gate, as the program runs it.
    case gate(Schedule.Pace, learns: Bool)
    /// The delay after each attempt, counted from 1, in seconds.
    case delays(@Sendable (Int, inout SplitMix) -> Double)
  }

  var name: String
  var way: Way

  static let all: [Policy] = [
    Policy(name: "pipelatch", way: .gate(.normal, learns: true)),
    Policy(name: "pipelatch-fast", way: .gate(.fast, learns: true)),
    Policy(name: "pipelatch-frugal", way: .gate(.frugal, learns: true)),
    Policy(name: "pipelatch-no-history", way: .gate(.normal, learns: false)),
    fixed(3), fixed(10), fixed(30),
    Policy(name: "backoff-30", way: .delays { attempt, _ in ladder(attempt, from: 1, to: 30) }),
    Policy(
      name: "backoff-60-full-jitter",
      way: .delays { attempt, dice in dice.unit() * ladder(attempt, from: 1, to: 60) }),
    // https://smithy.io/2.0/additional-specs/waiters.html: whole seconds from minDelay to the ladder's step.
    Policy(
      name: "smithy-2-120",
      way: .delays { attempt, dice in
        let most = ladder(attempt, from: 2, to: 120)
        return 2 + (dice.unit() * (most - 1)).rounded(.down)
      }),
  ]

  /// Whether the intervals grow as in plain exponential backoff.
  var backsOff: Bool { name.hasPrefix("backoff") || name.hasPrefix("smithy") }

  private static func fixed(_ seconds: Int) -> Policy {
    Policy(name: "fixed-\(seconds)", way: .delays { _, _ in Double(seconds) })
  }

  /// Doubling from `least` until `most`.
  private static func ladder(_ attempt: Int, from least: Double, to most: Double) -> Double {
    attempt > 20 ? most : min(most, least * Double(1 << (attempt - 1)))
  }
}

extension Policy {
  /// One wait for one run: the requests made, and how late the end was seen, in seconds.
  struct Wait: Sendable {
    var requests: Int
    var lag: Double
  }

  /// Waits for a run of `duration` seconds; `past` are the durations of earlier ones, the oldest first.
  func wait(for duration: Double, past: ArraySlice<Double>, seed: UInt64) async -> Wait {
    switch way {
    case .gate(let pace, let learns):
      return await gate(pace, learns, duration, past, seed)
    case .delays(let delay):
      var dice = SplitMix(seed)
      var (age, looks) = (0.0, 1)
      while age < duration {
        age += delay(looks, &dice)
        looks += 1
      }
      return Wait(requests: looks, lag: age - duration)
    }
  }

  private func gate(
    _ pace: Schedule.Pace, _ learns: Bool, _ duration: Double, _ past: ArraySlice<Double>,
    _ seed: UInt64
  ) async -> Wait {
    let clock = VirtualClock()
    let run = VirtualRun(
      .seconds(duration), past: past.reversed().map { .seconds($0) }, clock: clock)
    var schedule = Schedule()
    schedule.pace = pace
    var terms = Gate.Terms()
    terms.learn = learns
    terms.timeout = .seconds(10_000_000)
    var selector = Selector()
    selector.run = "1"
    let gate = Gate(
      pipeline: run, purpose: .wait(selector), terms: terms, schedule: schedule, time: clock,
      dice: Dice(seed: seed), meter: run, tell: { _ in })
    let outcome = await gate.run()
    return Wait(requests: outcome.requests.total, lag: outcome.waited.inSeconds - duration)
  }
}

extension Dice {
  /// Dice that fall the same on every machine.
  init(seed: UInt64) {
    let rolls = Rolls(seed)
    self.init { rolls.next() }
  }
}
