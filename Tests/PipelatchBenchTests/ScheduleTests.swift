import Foundation
import PipelatchCore
import Testing

@testable import pipelatch_bench

/// The figures that the README shows and the project promises.
struct ScheduleTests {
  @Test func `pipelatch is at least as good as its reference, and far better than backing off`()
    async throws
  {
    let policies = Policy.all.filter { $0.backsOff || $0.name == "pipelatch" }
    let report = await ScheduleReport.make(Trace.fixture(), policies: policies)
    let ours = try #require(report.row("pipelatch"))
    #expect(ours.efficiency >= 1.25)
    #expect(ours.requests <= 47.8)
    #expect(ours.lagMean <= 4.9)
    #expect(ours.lagLate <= 15.3)
    #expect(policies.count == 4)
    for peer in policies where peer.backsOff {
      let row = try #require(report.row(peer.name))
      #expect(ours.lagMean * ours.requests <= 2 / 3 * row.lagMean * row.requests)
    }
  }

  @Test func `a fixed interval has efficiency one`() async throws {
    let fixed = Policy.all.filter { $0.name.hasPrefix("fixed") }
    let report = await ScheduleReport.make(Trace.fixture(), policies: fixed)
    for row in report.policies { #expect(abs(row.efficiency - 1) < 0.03) }
  }

  @Test func `the same figures come every time`() async {
    let traces = Trace.fixture(runs: 30)
    let first = await ScheduleReport.make(traces)
    let second = await ScheduleReport.make(traces)
    #expect(first.json == second.json)
    #expect(Chart(first).text == Chart(second).text)
  }

  @Test func `the JSON has the names that are promised`() async throws {
    let report = await ScheduleReport.make(Trace.fixture(runs: 22))
    let object = try JSONSerialization.jsonObject(with: Data(report.json.utf8))
    let whole = try #require(object as? [String: [[String: Any]]])
    let policies = try #require(whole["policies"])
    #expect(
      policies.map { $0["policy"] as? String } == [
        "pipelatch", "pipelatch-fast", "pipelatch-frugal", "pipelatch-no-history", "fixed-3",
        "fixed-10", "fixed-30", "backoff-30", "backoff-60-full-jitter", "smithy-2-120",
      ])
    let names: Set = ["policy", "requests", "lag_mean_s", "lag_p95_s", "efficiency"]
    #expect(policies.allSatisfy { Set($0.keys) == names })
    let pipelines = try #require(whole["pipelines"])
    #expect(pipelines.count == 160)
    #expect(
      pipelines.allSatisfy { Set($0.keys) == ["name", "policy", "requests", "lag_mean_s"] })
  }

  @Test(arguments: 0..<100)
  func `a run of 24 s with twenty like it behind is seen within 4 s for 15 looks`(
    seed: Int
  ) async throws {
    let past = [Double](repeating: 24, count: 20)
    let policy = try #require(Policy.all.first)
    let wait = await policy.wait(for: 24, past: past[...], seed: UInt64(seed))
    #expect(wait.requests <= 15)
    #expect(wait.lag <= 4)
  }

  /// Requests in the busiest second after the first, of a hundred gates that start within one second.
  private func peak(usual: Double, learns: Bool) async -> Int {
    var dice = SplitMix(7)
    var seconds: [Int: Int] = [:]
    for gate in 0..<100 {
      let begun = dice.unit()
      let past = (0..<20).map { _ in usual * (0.75 + 0.5 * dice.unit()) }
      let duration = usual * (0.75 + 0.5 * dice.unit())
      let clock = VirtualClock()
      let run = VirtualRun(.seconds(duration), past: past.map { .seconds($0) }, clock: clock)
      var selector = Selector()
      selector.run = "1"
      var terms = Gate.Terms()
      terms.learn = learns
      let gate = Gate(
        pipeline: run, purpose: .wait(selector), terms: terms, schedule: Schedule(), time: clock,
        dice: Dice(seed: UInt64(gate)), meter: run, tell: { _ in })
      _ = await gate.run()
      for moment in run.moments where moment > .zero {
        seconds[Int(begun + moment.inSeconds), default: 0] += 1
      }
    }
    return seconds.values.max() ?? 100
  }

  @Test(arguments: [60.0, 300, 1500])
  func `a hundred gates without history do not look in step`(usual: Double) async {
    #expect(await peak(usual: usual, learns: false) < 34)
  }

  @Test(arguments: [300.0, 1500])
  func `a hundred gates with one history do not look in step`(usual: Double) async {
    #expect(await peak(usual: usual, learns: true) < 34)
  }
}
