import PipelatchCore
import Testing

@testable import pipelatch

@Suite struct ClosingTests {
  private func ending(_ target: String, _ run: Run, _ outcome: Outcome) -> (
    record: Record, outcome: Outcome
  ) {
    var record = Record(target, begun: .at(0))
    record.take(.located(run, triggered: true, joined: false), at: .at(0))
    return (record, outcome)
  }

  private func text(_ endings: [(record: Record, outcome: Outcome)], columns: Int = 60) -> [String]
  {
    Closing(terminal: Terminal(columns: columns), several: endings.count > 1).strips(endings)
      .map(\.text)
  }

  @Test func `stages, failed jobs and the verdict remain`() {
    #expect(
      text([ending("acme:shop", .broken, .ended(.broken))]) == [
        "  ✓ Build 2 s  ✗ Test 3 s",
        "  ✗ Test / Integration tests failed after 3 s  https://ci.example/job/7",
        "✗ acme:shop run 33 failed in 5 s (waited 6 s, exit 1)",
      ])
  }

  @Test func `stages take as many lines as they need`() {
    let lines = text([ending("acme:shop", .broken, .ended(.broken))], columns: 20)
    #expect(lines.prefix(2) == ["  ✓ Build 2 s", "  ✗ Test 3 s"])
  }

  @Test func `several targets end in a line of verdict each`() {
    var good = Run.broken
    good.state = .succeeded
    good.stages = []
    let lines = text([
      ending("acme:shop", .broken, .ended(.broken)), ending("acme:pay", good, .ended(good)),
    ])
    #expect(
      lines == [
        "  ✗ acme:shop  Test / Integration tests failed after 3 s  https://ci.example/job/7",
        "✗ acme:shop run 33 failed in 5 s (waited 6 s, exit 1)",
        "✓ acme:pay run 33 succeeded in 5 s (waited 6 s, exit 0)",
      ])
  }

  @Test func `what has not ended does not move any more`() {
    let outcome = Outcome(reason: .interrupted, exitCode: .interrupted, message: nil, run: .halfway)
    let lines = text([ending("acme:shop", .halfway, outcome)])
    #expect(lines[0] == "  ✓ Build 2 s  › Test  · Deploy")
    #expect(lines[1].hasPrefix("! acme:shop run 33 interrupted"))
  }

  @Test func `a launch leaves nothing behind`() {
    let outcome = Outcome(reason: .notEnded, exitCode: .succeeded, message: nil, run: .halfway)
    #expect(text([ending("acme:shop", .halfway, outcome)]).isEmpty)
  }
}
