import PipelatchCore
import Testing

@testable import pipelatch

@Suite struct FrameTests {
  private func glance(_ events: [Event], target: String = "acme:shop", at time: Double = 4)
    -> Glance
  {
    var record = Record(target, begun: .at(0))
    for event in events { record.take(event, at: .at(time)) }
    return Glance(record)
  }

  private func text(
    _ glances: [Glance], _ terminal: Terminal = Terminal(columns: 60), at time: Double = 5
  ) -> [String] {
    Frame(terminal: terminal, now: .at(time)).strips(glances).map(\.text)
  }

  private func looked(_ run: Run) -> [Event] {
    [.located(run, triggered: true, joined: false), .looked(run, next: .seconds(3))]
  }

  @Test func `stages, jobs, times and the next look are shown`() {
    let lines = text([glance(looked(.halfway))])
    #expect(lines[0].hasPrefix("⠴ acme:shop  run 33 of main at 1a2b3c4d5e6f"))
    #expect(lines[0].hasSuffix("0:05"))
    #expect(lines[1].hasPrefix("  ✓ Build") && lines[1].hasSuffix("2 s"))
    #expect(lines[5].hasPrefix("    ✓ Unit tests") && lines[5].hasSuffix("1.8 s"))
    #expect(lines[6].contains("Integration tests") && lines[6].hasSuffix("0:03"))
    #expect(lines[8] == "    · Deploy to production")
    #expect(lines[9] == "  3 of 5 jobs ended")
    #expect(lines[10] == "  next look in 2 s")
  }

  @Test func `the bar and the end are drawn from past runs`() {
    let lines = text([
      glance(looked(.halfway) + [.learned([.seconds(10), .seconds(9), .seconds(12)])])
    ])
    #expect(lines[9].hasSuffix(" 50 %  about 5 s left, usually 10 s"))
    #expect(lines[9].contains("━━") && lines[9].contains("──"))
  }

  @Test func `where the terminal is narrow the end is still told`() {
    let glance = glance(looked(.halfway) + [.learned([.seconds(10)])])
    let lines = text([glance], Terminal(columns: 40))
    #expect(lines[9].hasSuffix(" 50 %  about 5 s left"))
  }

  @Test(arguments: [20, 40, 80, 200])
  func `no line is wider than the terminal`(columns: Int) {
    var run = Run.halfway
    run.stages[1].jobs[1].name = "集成测试：支付、订单与库存服务之间的全部接口以及更多的东西 with a tail"
    run.stages[0].name = String(repeating: "long ", count: 60)
    let trouble = Trouble(
      Failure(.throttled, "too many requests, says the vendor"), retryIn: .seconds(4))
    for events in [
      looked(run), looked(run) + [.trouble(trouble), .looked(run, next: .seconds(4))],
    ] {
      let glances = [glance(events + [.learned([.seconds(10)])]), glance([], target: "acme:other")]
      let frame = Frame(terminal: Terminal(columns: columns, rows: 50), now: .at(5))
      for strip in frame.strips(glances) { #expect(strip.columns <= columns, "\(strip.text)") }
    }
  }

  @Test(arguments: [4, 6, 10, 24])
  func `no frame is higher than the terminal`(rows: Int) {
    var run = Run.halfway
    for number in 1...40 { run.stages.append(.of("Stage \(number)", .running, 2, nil)) }
    let glances = (1...8).map { glance(looked(run), target: "acme:shop\($0)") }
    let lines = text(glances, Terminal(columns: 60, rows: rows))
    #expect(lines.count < rows)
    #expect(lines.last?.contains("next look") == true)
  }

  @Test func `where room is short, what runs or failed is kept`() {
    let lines = text([glance(looked(.halfway))], Terminal(columns: 60, rows: 7))
    #expect(lines.contains { $0.contains("Integration tests") })
    #expect(!lines.contains { $0.contains("Compile") })
  }

  @Test func `trouble and its next try are shown, and gone after a good look`() {
    let trouble = Trouble(Failure(.throttled, "slow down", status: 429), retryIn: .seconds(4))
    let events = looked(.halfway) + [.trouble(trouble), .looked(.halfway, next: .seconds(4))]
    #expect(text([glance(events)]).contains { $0.hasPrefix("  throttled: slow down") })
    let after = events + [.looked(.halfway, next: .seconds(4))]
    #expect(!text([glance(after)]).contains { $0.contains("throttled") })
  }

  @Test func `what is left of the API budget is told`() {
    var glance = glance(looked(.halfway))
    glance.requests.total = 11
    glance.requests.failed = 2
    glance.budget = Budget(remaining: 4931, limit: 5000, resetsAt: .at(600))
    #expect(
      text([glance], Terminal(columns: 80)).last
        == "  next look in 2 s · API 4931/5000 left · 11 asked, 2 failed")
  }

  @Test func `several targets are one table, and one that has ended keeps its line`() {
    let ended = glance(
      looked(.broken) + [.verdict(.ended(.broken))], target: "acme:pay")
    let lines = text([glance(looked(.halfway)), ended], Terminal(columns: 80, rows: 40))
    #expect(lines.contains { $0.hasPrefix("✗ acme:pay run 33 failed in 5 s (waited 6 s, exit 1)") })
    #expect(lines.last?.hasPrefix("  1 of 2 ended") == true)
  }

  @Test func `a terminal without Unicode gets ASCII`() {
    let events = looked(.halfway) + [.learned([.seconds(10)])]
    for line in text([glance(events)], Terminal(columns: 40, unicode: false)) {
      let ascii = line.unicodeScalars.allSatisfy { $0.isASCII }
      #expect(ascii, "\(line)")
    }
  }

  @Test func `the vendor's clock is used for the vendor's times`() {
    var glance = glance(looked(.halfway))
    glance.skew = .seconds(60)
    #expect(text([glance]).contains { $0.contains("Integration tests") && $0.hasSuffix("1:03") })
  }

  @Test func `jobs without a stage stand where stages do`() {
    let run = Run.of(.running, 0, nil, .of("", .running, 0, nil, .of("lint", .running, 0)))
    #expect(text([glance(looked(run))])[1].hasPrefix("  ⠴ lint"))
  }
}
