extension Script {
  /// The script of a scenario, between six and ten seconds long.
  public static func of(_ scenario: Scenario) -> Script {
    switch scenario {
    case .success, .flaky: success
    case .failure:
      ending(Job("Integration tests", 3, 5.2, .failed, log: failingLog), at: 5.2)
    case .timedout:
      ending(Job("Integration tests", 3, 7.4, .timedOut, log: hangingLog), at: 7.4)
    case .canceled: success.canceled(at: 4.4) ?? success
    case .approval: approval
    }
  }

  private static let build = Stage(
    "Build",
    [
      Job("Compile", 1, 3, log: compileLog),
      Job("Lint", 1, 2.2, log: ["$ make lint", "214 files, no findings"]),
    ])

  private static let unitTests = Job(
    "Unit tests", 3, 4.8, log: ["$ make test", "1284 tests", "1284 passed in 1.7 s"])

  private static let integrationTests = Job(
    "Integration tests", 3, 5.4, log: ["$ make integration", "starting postgres", "96 passed"])

  private static let deployLog = ["$ make deploy", "rolling out to 6 hosts", "6 of 6 healthy"]

  private static let compileLog = [
    "$ make", "fetching dependencies", "compiling 214 files", "linking", "build complete",
  ]

  private static let failingLog = [
    "$ make integration", "starting postgres", "orders: 31 passed", "billing: 12 passed",
    "payments: refund is booked twice when the gateway answers late",
    "  expected 1 booking, found 2", "1 failed, 43 passed", "make: *** [integration] Error 1",
  ]

  private static let hangingLog = [
    "$ make integration", "starting postgres", "orders: 31 passed",
    "waiting for the message broker",
    "the job reached its time limit and was ended",
  ]

  private static let success = Script([
    build, Stage("Test", [unitTests, integrationTests]),
    Stage("Deploy", [Job("Deploy to production", 5.4, 7.4, log: deployLog)]),
  ])

  private static let approval = Script([
    build, Stage("Test", [unitTests, integrationTests]),
    Stage(
      "Deploy",
      [
        Job("Release approval", 5.4, 8.4, meanwhile: .waiting),
        Job("Deploy to production", 8.4, 9.6, log: deployLog),
      ]),
  ])

  /// The success, but for one test job that ends it.
  private static func ending(_ test: Job, at end: Double) -> Script {
    Script([
      build, Stage("Test", [unitTests, test]),
      Stage("Deploy", [Job("Deploy to production", end, end, .skipped)]),
    ])
  }
}
