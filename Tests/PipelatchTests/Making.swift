import PipelatchCore

extension Timestamp {
  static func at(_ seconds: Double) -> Timestamp {
    Timestamp(milliseconds: 1_700_000_000_000 + Int64(seconds * 1000))
  }
}

extension Job {
  static func of(
    _ name: String, _ state: State, _ begin: Double? = nil, _ end: Double? = nil,
    url: String? = nil, mayFail: Bool = false
  ) -> Job {
    Job(
      id: name, name: name, state: state, url: url, startedAt: begin.map { .at($0) },
      finishedAt: end.map { .at($0) }, mayFail: mayFail)
  }
}

extension Stage {
  static func of(
    _ name: String, _ state: State, _ begin: Double? = nil, _ end: Double? = nil, _ jobs: Job...
  ) -> Stage {
    Stage(
      name: name, state: state, startedAt: begin.map { .at($0) }, finishedAt: end.map { .at($0) },
      jobs: jobs)
  }
}

extension Run {
  /// Build has ended, Test runs, Deploy is to come.
  static var halfway: Run {
    .of(
      .running, 0, nil,
      .of(
        "Build", .succeeded, 0, 2, .of("Compile", .succeeded, 0, 2), .of("Lint", .succeeded, 0, 1.2)
      ),
      .of(
        "Test", .running, 2, nil, .of("Unit tests", .succeeded, 2, 3.8),
        .of("Integration tests", .running, 2)),
      .of("Deploy", .queued, nil, nil, .of("Deploy to production", .queued)))
  }

  static var broken: Run {
    .of(
      .failed, 0, 5,
      .of("Build", .succeeded, 0, 2, .of("Compile", .succeeded, 0, 2)),
      .of(
        "Test", .failed, 2, 5, .of("Unit tests", .succeeded, 2, 3.8),
        .of("Integration tests", .failed, 2, 5, url: "https://ci.example/job/7")))
  }

  static func of(_ state: State, _ begin: Double?, _ end: Double?, _ stages: Stage...) -> Run {
    var run = Run(id: "33", state: state)
    run.url = "https://ci.example/runs/33"
    run.refs = ["main"]
    run.commits = ["1a2b3c4d5e6f7081"]
    run.startedAt = begin.map { .at($0) }
    run.finishedAt = end.map { .at($0) }
    run.stages = stages
    return run
  }
}

extension Outcome {
  static func ended(_ run: Run) -> Outcome {
    var outcome = Outcome(verdict: run.state.verdict ?? .failed, accepting: [], run: run)
    outcome.waited = .seconds(6)
    return outcome
  }
}
