import PipelatchCore
import PipelatchSimulator
import PipelatchVendors
import Testing

struct AliyunDevOpsSimulatorTests {
  private static let organization = "5ebbc0228123212b59demo1"
  private static let pipeline = "/organization/\(organization)/pipelines/2001"
  private let desk = AlibabaDesk(AliyunDevOpsSimulator.self)

  private func start(_ params: String = "{}", plural: String = "s") async throws -> JSON? {
    try await desk.ask(
      "StartPipelineRun", .post,
      "/organization\(plural)/\(Self.organization)/pipelines/2001/run", form: [("params", params)])
  }

  @Test func `a run is started under the plural, and read under the singular`() async throws {
    #expect(try await start()?["pipelineRunId"] == 5)
    await #expect(throws: Failure.self) { try await start(plural: "") }
    let run = try await desk.ask("GetPipelineRun", .get, Self.pipeline + "/pipelineRuns/5")
    #expect(run?["success"] == true && run?["pipelineRun"]?["status"] == "WAITING")
    await #expect(throws: Failure.self) {
      try await desk.ask("ListPipelineRuns", .get, Self.pipeline + "/pipelineRuns/5")
    }
  }

  @Test func `the list gives a token until its end`() async throws {
    let path = Self.pipeline + "/pipelineRuns"
    let first = try await desk.ask("ListPipelineRuns", .get, path, query: [("maxResults", "3")])
    #expect(first?["pipelineRuns"]?.array?.map { $0["pipelineRunId"]?.int } == [4, 3, 2])
    let rest = try await desk.ask(
      "ListPipelineRuns", .get, path,
      query: [("maxResults", "3"), ("nextToken", first?["nextToken"]?.string ?? "")])
    #expect(rest?["pipelineRuns"]?.array?.count == 1 && rest?["nextToken"] == "")
  }

  @Test func `a stop is taken once, and then declined in a good answer`() async throws {
    _ = try await start()
    let path = Self.pipeline + "/pipelineRuns/5/stop"
    #expect(try await desk.ask("StopPipelineRun", .put, path)?["success"] == true)
    let failure = await #expect(throws: Failure.self) {
      try await desk.ask("StopPipelineRun", .put, path)
    }
    #expect(failure?.status == 200 && failure?.code == "InvalidPipelineRun.Status")
  }

  @Test func `a gate is passed or refused by a person`() async throws {
    let desk = AlibabaDesk(AliyunDevOpsSimulator.self, .approval)
    _ = try await desk.ask(
      "StartPipelineRun", .post, "/organizations/\(Self.organization)/pipelines/2001/run",
      form: [("params", "{}")])
    desk.clock.advance(by: 6)
    let path = Self.pipeline + "/pipelineRuns/5"
    let run = try await desk.ask("GetPipelineRun", .get, path)?["pipelineRun"]
    let job = run?["stages"]?[2]?["stageInfo"]?["jobs"]?[0]
    #expect(job?["actions"]?[0]?["type"] == "PassPipelineValidate")
    let id = try #require(job?["id"]?.int)
    let passed = try await desk.ask("PassPipelineValidate", .post, "\(path)/jobs/\(id)/pass")
    #expect(passed?["success"] == true)
  }

  @Test(arguments: [
    ("/organization/other/pipelines/2001/pipelineRuns/1", "InvalidOrganization.NotFound"),
    (
      "/organization/5ebbc0228123212b59demo1/pipelines/7/pipelineRuns/1", "InvalidPipeline.NotFound"
    ),
    (pipeline + "/pipelineRuns/99", "InvalidPipelineRun.NotFound"),
  ])
  func `what is not there has the document's code`(path: String, code: String) async {
    let failure = await #expect(throws: Failure.self) {
      try await desk.ask("GetPipelineRun", .get, path)
    }
    #expect(failure?.code == code && failure?.kind == .missing)
  }
}
