import PipelatchCore
import Testing

/// What is told, in which order, and how often.
struct TellingTests {
  private func run(_ state: State, _ stages: [(State, [Job])]) -> Run {
    .seven(state) {
      $0.stages = stages.enumerated().map {
        Stage(name: "stage \($0.offset)", state: $0.element.0, jobs: $0.element.1)
      }
    }
  }

  @Test func `located comes first, the verdict last, and every change between them once`() async {
    var lines = Script.Lines()
    lines.look = [
      .good(run(.queued, [(.queued, [.named("a", .queued)])])),
      .good(run(.running, [(.running, [.named("a", .running)])])),
      .good(run(.running, [(.running, [.named("a", .running)])])),
      .good(
        run(.succeeded, [(.succeeded, [.named("a", .succeeded)]), (.skipped, [])])),
    ]
    let play = await play(Plain.self, .follow, lines)
    let words = play.events.compactMap(Self.word)
    #expect(
      words == [
        "located", "run queued", "stage 0 queued", "a queued", "looked", "run running",
        "stage 0 running", "a running", "looked", "looked", "run succeeded", "a succeeded",
        "stage 0 succeeded", "stage 1 skipped", "verdict",
      ])
  }

  private static func word(_ event: Event) -> String? {
    switch event {
    case .located: "located"
    case .run(let state, _): "run \(state.word)"
    case .stage(let stage, _): "\(stage.name) \(stage.state.word)"
    case .job(let job, _, _): "\(job.name) \(job.state.word)"
    case .looked: "looked"
    case .verdict: "verdict"
    default: nil
    }
  }

  @Test func `a look tells the run only where it has changed`() async {
    var lines = Script.Lines()
    let runs = [State.queued, .running].map { run($0, [($0, [.named("a", $0)])]) }
    lines.look = [
      .good(runs[0]), .good(runs[0]), .good(runs[1]), .good(runs[1]),
      .good(run(.succeeded, [(.succeeded, [.named("a", .succeeded)])])),
    ]
    let looks = await play(Plain.self, .follow, lines).events.compactMap { event -> Run?? in
      if case .looked(let run, _) = event { .some(run) } else { nil }
    }
    #expect(looks == [runs[0], nil, runs[1], nil])
  }

  @Test func `stages and jobs of one name are told apart by their order`() async {
    var lines = Script.Lines()
    let twins = [Job.named("a", .running), .named("a", .queued)]
    let later = [Job.named("a", .running), .named("a", .succeeded)]
    lines.look = [
      .good(run(.running, [(.running, twins)])), .good(run(.succeeded, [(.running, later)])),
    ]
    let play = await play(Plain.self, .follow, lines)
    let jobs = play.events.filter { if case .job = $0 { true } else { false } }
    #expect(jobs.count == 3)
    #expect(jobs.last == .job(later[1], stage: "stage 0", was: .queued))
  }

  @Test func `fail-fast ends at the first failed job`() async {
    for state in [State.failed, .timedOut] {
      var lines = Script.Lines()
      lines.look = [.run(.running), .good(.seven(.running, jobs: .named("test", state)))]
      let play = await play(Plain.self, .follow, lines) { $0.failFast = true }
      #expect(play.code == .failed)
      #expect(play.outcome.verdict == .failed)
      #expect(play.outcome.run?.state == .running)
      #expect(play.outcome.message?.contains("test") == true)
    }
  }

  @Test func `fail-fast passes over jobs that may fail, and canceled or skipped ones`() async {
    var lines = Script.Lines()
    lines.look = [
      .good(
        .seven(
          .running, jobs: .named("a", .failed, mayFail: true), .named("b", .canceled),
          .named("c", .skipped), .named("d", .unknown("ODD")))), .run(.succeeded),
    ]
    #expect(await play(Plain.self, .follow, lines) { $0.failFast = true }.code == .succeeded)
  }

  @Test func `without fail-fast a failed job decides nothing`() async {
    var lines = Script.Lines()
    lines.look = [.good(.seven(.running, jobs: .named("test", .failed))), .run(.succeeded)]
    #expect(await play(Plain.self, .follow, lines).code == .succeeded)
  }

  @Test func `fail-fast cannot be accepted away`() async {
    var lines = Script.Lines()
    lines.look = [.good(.seven(.running, jobs: .named("test", .timedOut)))]
    let play = await play(Plain.self, .follow, lines) {
      $0.failFast = true
      $0.accepted = [.timedOut, .canceled, .skipped]
    }
    #expect(play.code == .failed)
  }

  static let gate = Approval(stage: "deploy", url: "https://example.invalid/7", message: "Ask Ann.")
  static let asking = Run.seven(.running) { $0.approvals = [gate] }

  @Test func `an approval is told with its link and waited for`() async {
    var lines = Script.Lines()
    lines.look = [
      .good(Self.asking), .good(Self.asking), .run(.running), .good(Self.asking), .run(.succeeded),
    ]
    let play = await play(Plain.self, .follow, lines)
    #expect(play.code == .succeeded)
    #expect(play.events.filter { $0 == .approval(Self.gate) }.count == 2)
  }

  @Test(arguments: [Self.asking, .seven(.waiting)])
  func `an approval ends the wait where asked to`(run: Run) async {
    var lines = Script.Lines()
    lines.look = [.run(.running), .good(run)]
    let play = await play(Plain.self, .follow, lines) { $0.stopAtApproval = true }
    #expect(play.code == .approval)
    #expect(play.outcome.reason == .approval)
    #expect(play.outcome.verdict == nil)
  }

  @Test func `a run that ended waits for nobody`() async {
    var lines = Script.Lines()
    lines.look = [.good(.seven(.succeeded) { $0.approvals = [Self.gate] })]
    #expect(await play(Plain.self, .follow, lines) { $0.stopAtApproval = true }.code == .succeeded)
  }

  @Test func `a note is told once`() async {
    let warned = Run.seven(.running) { $0.notes = ["with warnings"] }
    var lines = Script.Lines()
    lines.look = [.good(warned), .run(.running), .good(warned), .run(.succeeded)]
    #expect(await play(Plain.self, .follow, lines).notes == ["with warnings"])
  }

  @Test func `a failed job's log is asked for once and told`() async {
    var lines = Script.Lines()
    let failed = Run.seven(.running, jobs: .named("test", .failed))
    lines.look = [.good(failed), .good(failed), .run(.failed)]
    lines.durations = [.good([])]
    lines.log = [.good((1...30).map(String.init))]
    let play = await play(.follow, lines)
    #expect(play.count(\.isLog) == 1)
    #expect(play.events.contains(.log(job: "test", lines: (11...30).map(String.init))))
  }

  @Test func `a log that was not there is asked for again at the end`() async {
    var lines = Script.Lines()
    let failed = Job.named("test", .failed)
    lines.look = [
      .good(.seven(.running, jobs: failed)), .good(.seven(.running, jobs: failed)),
      .good(.seven(.failed, jobs: failed)),
    ]
    lines.durations = [.good([])]
    for first in [Answers<[String]>.Answer.bad(.missing), .good([])] {
      lines.log = [first, .good(["boom"])]
      let play = await play(.follow, lines)
      #expect(play.code == .failed)
      #expect(play.count(\.isLog) == 2)
      let log = play.events.firstIndex(of: .log(job: "test", lines: ["boom"]))
      #expect(log == play.events.count - 2)
    }
  }

  @Test func `logs that cannot be had change no verdict`() async {
    var lines = Script.Lines()
    lines.look = [.good(.seven(.failed, jobs: .named("test", .failed)))]
    lines.log = .always(.bad(.refused))
    #expect(await play(.follow, lines).code == .failed)
  }

  @Test func `no log is asked for at zero lines, nor of jobs that may fail`() async {
    var lines = Script.Lines()
    lines.look = [.good(.seven(.failed, jobs: .named("test", .failed)))]
    #expect(await play(.follow, lines) { $0.logLines = 0 }.count(\.isLog) == 0)
    lines.look = [.good(.seven(.succeeded, jobs: .named("test", .failed, mayFail: true)))]
    #expect(await play(.follow, lines).count(\.isLog) == 0)
  }

  @Test func `a thousand failed jobs cost ten logs`() async {
    let jobs = (1...1000).map { Job.named("\($0)", .failed) }
    var lines = Script.Lines()
    lines.look = [
      .good(.seven(.failed) { $0.stages = [Stage(name: "s", state: .failed, jobs: jobs)] })
    ]
    lines.log = .always(.bad(.missing))
    #expect(await play(.follow, lines).count(\.isLog) == 10)
  }

  @Test func `requests and the time waited are told with the verdict`() async {
    var lines = Script.Lines()
    lines.look = [.run(.running), .bad(.down), .run(.succeeded)]
    let play = await play(Plain.self, .follow, lines)
    #expect(play.outcome.requests.total == 3)
    #expect(play.outcome.requests.failed == 1)
    #expect(play.outcome.waited == play.clock.elapsed)
  }
}
