import Testing

@testable import PipelatchCore
@testable import pipelatch

@Suite struct PlainReportTests {
  private let sink = Sink()

  private func report(_ targets: [String] = ["acme:shop"], fold: Fold = .none) -> PlainReport {
    PlainReport(sink.console, targets: targets, begun: .at(0), fold: fold)
  }

  @Test func `a run of half an hour leaves less than 16 KiB, and nothing twice`() {
    let report = report()
    var run = Run.of(.running, 0, nil)
    report.tell(.located(run, triggered: true, joined: false), of: "acme:shop", at: .at(0))
    report.tell(.learned([.seconds(1700), .seconds(1800)]), of: "acme:shop", at: .at(0))
    var before: Run?
    for second in stride(from: 0.0, through: 1800, by: 5) {
      let reached = Int(second / 180)
      run.stages = (0..<10).map { stage in
        let state: State = stage < reached ? .succeeded : stage == reached ? .running : .queued
        let begin = Double(stage * 180)
        return Stage(
          name: "Stage \(stage)", state: state, startedAt: .at(begin),
          finishedAt: .at(begin + 180),
          jobs: (1...4).map { .of("Job \(stage).\($0)", state, begin, begin + 180) })
      }
      if Int(second) % 25 == 0 {
        let failure = Failure(.unreachable, "connection reset by peer after \(second) s")
        report.tell(
          .trouble(Trouble(failure, retryIn: .seconds(2))), of: "acme:shop", at: .at(second))
        report.tell(.looked(run, next: .seconds(2)), of: "acme:shop", at: .at(second))
      }
      for event in Progress.events(from: before, to: run) {
        report.tell(event, of: "acme:shop", at: .at(second + 1))
      }
      report.tell(.looked(run, next: .seconds(5)), of: "acme:shop", at: .at(second + 1))
      before = run
    }
    #expect(sink.text.utf8.count < 16 * 1024, "\(sink.text.utf8.count) bytes")
    #expect(sink.text.utf8.count > 2 * 1024)
    let told = sink.lines.map { $0.dropFirst(8) }.filter {
      $0.contains("stage") || $0.contains("job")
    }
    #expect(Set(told).count == told.count)
  }

  @Test func `silence is broken by a sparse heartbeat that says what runs and for how long`() {
    let report = report()
    report.tell(.located(.halfway, triggered: false, joined: false), of: "acme:shop", at: .at(0))
    report.tell(.learned([.seconds(600)]), of: "acme:shop", at: .at(0))
    for second in stride(from: 10.0, through: 300, by: 10) {
      report.tell(.looked(.halfway, next: .seconds(10)), of: "acme:shop", at: .at(second))
    }
    let beats = sink.lines.filter { $0.contains("still") }
    #expect(
      beats == [
        "  2:00  run 33 still running at Test / Integration tests; about 8 min left, usually 10 min; "
          + "next look in 10 s",
        "  4:00  run 33 still running at Test / Integration tests; about 6 min left, usually 10 min; "
          + "next look in 10 s",
      ])
  }

  @Test func `a trouble that stays is told once, and that it is over`() {
    let report = report()
    let trouble = Trouble(Failure(.throttled, "slow down", status: 429), retryIn: .seconds(4))
    for second in [1.0, 5, 9] {
      report.tell(.trouble(trouble), of: "acme:shop", at: .at(second))
      report.tell(.looked(nil, next: .seconds(4)), of: "acme:shop", at: .at(second))
    }
    report.tell(.looked(.halfway, next: .seconds(4)), of: "acme:shop", at: .at(13))
    report.tell(.looked(.halfway, next: .seconds(4)), of: "acme:shop", at: .at(17))
    #expect(
      sink.lines.map { $0.dropFirst(8) }.map { $0.prefix(13) }.map(String.init)
        == ["throttled: sl", "answers again"])
  }

  @Test func `the last line says verdict, duration and exit code`() {
    let report = report()
    report.tell(.verdict(.ended(.broken)), of: "acme:shop", at: .at(6))
    #expect(report.close(.failed, at: .at(6)).isEmpty)
    #expect(sink.lines == ["  0:06  acme:shop run 33 failed in 5 s (waited 6 s, exit 1)"])
  }

  @Test func `several targets get a line of verdict each and one for all`() {
    let report = report(["acme:shop", "acme:pay"])
    report.tell(.verdict(.ended(.broken)), of: "acme:shop", at: .at(6))
    var good = Run.broken
    good.state = .succeeded
    report.tell(.verdict(.ended(good)), of: "acme:pay", at: .at(7))
    _ = report.close(.failed, at: .at(7))
    #expect(sink.lines.count == 3)
    #expect(sink.lines[0].hasPrefix("  0:06  acme:shop run 33 failed in 5 s"))
    #expect(sink.lines.last == "  0:07  1 of 2 targets succeeded (waited 7 s, exit 1)")
  }

  @Test func `GitLab gets sections, and the verdict stands outside of them`() {
    let report = report(fold: .gitlab)
    report.tell(.located(.broken, triggered: true, joined: false), of: "acme:shop", at: .at(0))
    report.tell(.log(job: "Unit tests", lines: ["boom"]), of: "acme:shop", at: .at(5))
    report.tell(.verdict(.ended(.broken)), of: "acme:shop", at: .at(6))
    _ = report.close(.failed, at: .at(6))
    let marks = sink.lines.filter { $0.contains("section_") }
    #expect(
      marks == [
        "\u{1B}[0Ksection_start:1700000000:pipelatch_1\r\u{1B}[0KWaiting for acme:shop",
        "\u{1B}[0Ksection_start:1700000005:pipelatch_log_2\r\u{1B}[0KLog of Unit tests",
        "\u{1B}[0Ksection_end:1700000005:pipelatch_log_2\r\u{1B}[0K",
        "\u{1B}[0Ksection_end:1700000006:pipelatch_1\r\u{1B}[0K",
      ])
    #expect(sink.lines.last?.contains("exit 1") == true)
  }

  @Test func `a launch has nothing to add to the run's id`() {
    let report = report()
    let outcome = Outcome(reason: .notEnded, exitCode: .succeeded, message: nil, run: .halfway)
    report.tell(.verdict(outcome), of: "acme:shop", at: .at(1))
    #expect(sink.text.isEmpty)
  }
}
