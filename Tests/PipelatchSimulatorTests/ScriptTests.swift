import PipelatchSimulator
import Testing

struct ScriptTests {
  static let ends: [Scenario: Phase] = [
    .success: .succeeded, .failure: .failed, .canceled: .canceled, .timedout: .timedOut,
    .approval: .succeeded, .flaky: .succeeded,
  ]

  @Test(arguments: Scenario.allCases)
  func `every scenario passes through a queue and parallel jobs to its own end`(
    scenario: Scenario
  ) {
    let script = Script.of(scenario)
    #expect(script.snapshot(at: 0).phase == .queued)
    #expect(script.snapshot(at: 0).begin == nil)
    let middle = script.snapshot(at: 1.5)
    #expect(middle.phase == .running)
    #expect(middle.stages.count == 3)
    #expect(middle.stages[0].jobs.filter { $0.phase == .running }.count == 2)
    let end = script.snapshot(at: script.end)
    #expect(end.phase == Self.ends[scenario])
    #expect(end.begin == 1 && end.end == script.end)
    #expect((4...10).contains(script.end))
  }

  @Test func `a failure leaves the stages after it undone`() {
    let script = Script.of(.failure)
    let end = script.snapshot(at: 60)
    #expect(end.stages.map(\.phase) == [.succeeded, .failed, .skipped])
    #expect(end.stages[2].jobs[0].begin == nil && end.stages[2].jobs[0].end == nil)
    #expect(end.stages[1].jobs[1].log.last?.contains("Error 1") == true)
  }

  @Test func `a gate waits until its colleague comes, or sooner if it is opened`() throws {
    let script = Script.of(.approval)
    let waiting = script.snapshot(at: 6)
    #expect(waiting.phase == .waiting && waiting.stages[2].jobs[0].gate)
    #expect(script.snapshot(at: 8.5).phase == .running)
    let opened = try #require(script.approved(at: 6))
    #expect(opened.snapshot(at: 6.1).phase == .running)
    #expect(abs(script.end - opened.end - 2.4) < 0.001)
    let shut = try #require(script.refused(at: 6))
    #expect(shut.snapshot(at: 6).phase == .failed)
    #expect(shut.snapshot(at: 6).stages[2].jobs[1].phase == .skipped)
    #expect(script.approved(at: 1) == nil)
  }

  @Test func `a run can be canceled until it has ended`() throws {
    let script = Script.of(.success)
    let stopped = try #require(script.canceled(at: 0.5))
    #expect(stopped.snapshot(at: 0.4).phase == .queued)
    #expect(stopped.snapshot(at: 0.5).phase == .canceled)
    #expect(script.canceled(at: script.end) == nil)
  }

  @Test func `a run can go ten times as fast`() {
    let script = Script.of(.success).faster(by: 10)
    #expect(script.snapshot(at: 0.15).phase == .running)
    #expect(script.snapshot(at: 0.75).phase == .succeeded)
  }

  @Test func `a log grows with its job`() {
    let script = Script.of(.success)
    let log = { (elapsed: Double) in script.snapshot(at: elapsed).stages[0].jobs[0].log.count }
    #expect([log(0.9), log(2), log(3)] == [0, 2, 5])
  }
}
