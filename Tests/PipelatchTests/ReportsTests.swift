import Foundation
import PipelatchCore
import Testing

@testable import pipelatch

@Suite struct ReportsTests {
  private let sink = Sink()

  private func record(_ run: Run, _ logs: [String] = []) -> Record {
    var record = Record("acme:shop", begun: .at(0))
    record.take(.located(run, triggered: true, joined: false), at: .at(0))
    if !logs.isEmpty { record.take(.log(job: "Integration tests", lines: logs), at: .at(5)) }
    if run.state.ended { record.take(.verdict(.ended(run)), at: .at(6)) }
    return record
  }

  @Test func `a report that is lost turns success into a fault, and nothing else`() {
    for (code, left) in [(ExitCode.succeeded, ExitCode.fault), (.failed, .failed)] {
      let file = ReportFile(path: "/nonexistent/report.xml", source: "--junit")
      let report = JUnitReport(file, targets: ["acme:shop"], begun: .at(0))
      let reports = Reports([report], console: sink.console, wash: Wash())
      #expect(reports.close(code, at: .at(1)) == left)
      #expect(sink.text.contains("--junit: the report could not be written to '/nonexistent"))
    }
  }

  @Test func `reports are closed once`() {
    let file = ReportFile(path: sink.path, source: "GITHUB_OUTPUT", appends: true)
    let report = GitHubReport(sink.console, targets: ["acme:shop"], begun: .at(0), outputs: file)
    let reports = Reports([report], console: sink.console, wash: Wash())
    _ = reports.close(.interrupted, at: .at(1))
    _ = reports.close(.interrupted, at: .at(1))
    #expect(sink.lines.filter { $0.hasPrefix("exit-code=130") }.count == 1)
  }

  @Test func `an end that was never told is an interruption`() {
    let outcome = record(.halfway).ending(.terminated, at: .at(9))
    #expect(outcome.reason == .interrupted && outcome.exitCode == .terminated)
    #expect(outcome.verdict == nil && outcome.waited == .seconds(9) && outcome.run?.id == "33")
  }

  @Test func `variables for GitLab hold no empty value`() {
    #expect(
      DotenvReport.text(.ended(.broken), .failed) == """
        PIPELATCH_RUN_ID=33
        PIPELATCH_RUN_URL=https://ci.example/runs/33
        PIPELATCH_VERDICT=failed
        PIPELATCH_EXIT_CODE=1

        """)
    let outcome = Outcome(reason: .outOfTime, exitCode: .outOfTime, message: "late")
    #expect(
      DotenvReport.text(outcome, .outOfTime)
        == "PIPELATCH_REASON=out-of-time\nPIPELATCH_EXIT_CODE=124\n")
  }

  @Test func `a shut gate is never green in JUnit`() {
    let halfway = record(.halfway)
    let late = Outcome(reason: .outOfTime, exitCode: .outOfTime, message: "late", run: .halfway)
    for outcome in [late, Outcome.ended(.broken)] {
      let text = JUnitReport.text([.init(halfway, outcome)])
      #expect(text.contains("<error ") || text.contains("<failure "))
    }
    let failed = JUnitReport.text([.init(record(.broken, ["boom <&>"]), .ended(.broken))])
    #expect(failed.contains(#"tests="4" failures="2" errors="0""#))
    #expect(failed.contains("https://ci.example/job/7\nboom &lt;&amp;&gt;</failure>"))
    #expect(failed.contains(#"timestamp="2023-11-14T22:13:20""#))
  }

  @Test func `jobs of one name stay apart in JUnit`() {
    let run = Run.of(
      .failed, 0, 5,
      .of("", .failed, 0, 5, .of("test", .succeeded, 0, 1), .of("test", .failed, 0, 1)))
    let suite = JUnitReport.Suite(record(run), .ended(run))
    #expect(suite.cases.map(\.name) == ["test", "test (2)", "verdict"])
  }

  @Test func `XML holds no character that XML does not allow`() {
    #expect(
      XML.escaped("a\u{0}\u{1B}\u{FFFE}<\"&>") == "a\u{FFFD}\u{FFFD}\u{FFFD}&lt;&quot;&amp;&gt;")
  }

  @Test func `an annotation is one line, whatever is in it`() {
    let annotation = Annotation(
      level: .error, title: "a,b: 100%", message: "one\r\ntwo\n::error::three")
    #expect(
      annotation.line == "::error title=a%2Cb%3A 100%25::one%0D%0Atwo%0A::error::three")
  }

  @Test func `failed jobs are annotated with their links and logs`() {
    let annotations = GitHubReport.annotations(
      record(.broken, ["expected 1", "found 2"]), .ended(.broken))
    #expect(annotations.map(\.title) == ["Test / Integration tests failed"])
    #expect(
      annotations[0].message == """
        acme:shop: Test / Integration tests failed after 3 s
        https://ci.example/job/7
        expected 1
        found 2
        """)
  }

  @Test func `an end that no job explains is annotated itself`() {
    let late = Outcome(reason: .outOfTime, exitCode: .outOfTime, message: "late", run: .halfway)
    #expect(GitHubReport.annotations(record(.halfway), late).map(\.level) == [.error])
    var good = Run.halfway
    good.state = .succeeded
    #expect(GitHubReport.annotations(record(good), .ended(good)).isEmpty)
  }

  @Test func `a hundred failed jobs make ten annotations`() {
    let jobs = (1...100).map { Job.of("job \($0)", .failed, 0, 1) }
    var run = Run.of(.failed, 0, 5)
    run.stages = [Stage(name: "Test", state: .failed, jobs: jobs)]
    let annotations = GitHubReport.annotations(record(run), .ended(run))
    #expect(annotations.count == 10 && annotations.last?.title == "91 more jobs failed")
  }

  @Test func `Markdown shows remote names as they are`() {
    #expect(Markdown.escaped("a|b <img> `x` [y](z)") == #"a\|b &lt;img&gt; \`x\` \[y\]\(z\)"#)
    #expect(Markdown.link("job", "https://ci.example/1") == "[job](<https://ci.example/1>)")
    #expect(Markdown.link("job", "javascript:alert(1)") == "job")
    #expect(Markdown.link("job", "https://ci.example/1>|x") == "job")
    #expect(Markdown.fenced(["```", "x"]) == "````text\n```\nx\n````\n")
  }

  @Test func `the timeline has a bar for each stage, and no name is read as a keyword`() throws {
    var run = Run.broken
    run.stages[0].name = "title: a; b"
    let timeline = try #require(Timeline(run, record(run)))
    #expect(
      timeline.lines == [
        "gantt", "  dateFormat x", "  axisFormat %H:%M:%S", "  todayMarker off",
        "  ✓ title  a  b :done, 1700000000000, 1700000002000",
        "  ✗ Test :crit, 1700000002000, 1700000005000",
      ])
  }

  @Test func `where the vendor gives no times the timeline has those that were seen`() throws {
    let stage = Stage(name: "Build", state: .running)
    var record = Record("acme:shop", begun: .at(0))
    record.take(.stage(stage, was: nil), at: .at(1))
    record.take(.stage(Stage(name: "Build", state: .succeeded), was: .running), at: .at(4))
    let run = Run.of(
      .succeeded, nil, nil, Stage(name: "Build", state: .succeeded),
      Stage(name: "Test", state: .skipped))
    let timeline = try #require(Timeline(run, record))
    #expect(timeline.lines.last == "  ✓ Build :done, 1700000001000, 1700000004000")
  }
}
