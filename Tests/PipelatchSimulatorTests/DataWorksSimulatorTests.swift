import PipelatchCore
import PipelatchSimulator
import PipelatchVendors
import Testing

struct DataWorksSimulatorTests {
  private static let run = "a7ef0634-20ec-4a7c-a214-000000000005"
  private let desk = AlibabaDesk(DataWorksSimulator.self)

  private func create(
    _ more: (String, String)..., on desk: AlibabaDesk? = nil
  ) async throws -> JSON? {
    try await (desk ?? self.desk).ask(
      "CreatePipelineRun", .post,
      form: [("ProjectId", "10000"), ("Type", "Online"), ("ObjectIds", #"["1"]"#)] + more)
  }

  private func execute(_ code: String, on desk: AlibabaDesk? = nil) async throws -> JSON? {
    try await (desk ?? self.desk).ask(
      "ExecPipelineRunStage", .post, query: [("ProjectId", "10000")],
      form: [("Id", Self.run), ("Code", code)])
  }

  private func words(on desk: AlibabaDesk? = nil) async throws -> [String?] {
    let answer = try await (desk ?? self.desk).ask(
      "GetPipelineRun", .get, query: [("ProjectId", "10000"), ("Id", Self.run)])
    let run = answer?["Pipeline"]
    return [run?["Status"]?.string] + (run?["Stages"]?.array ?? []).map { $0["Status"]?.string }
  }

  @Test func `a run stands still until its stages are executed one by one`() async throws {
    #expect(try await create()?["Id"]?.string == Self.run)
    #expect(try await words() == ["Init", "Init", "Init", "Init"])
    desk.clock.advance(by: 2)
    #expect(try await words() == ["Running", "Running", "Init", "Init"])
    desk.clock.advance(by: 100)
    #expect(try await words() == ["Running", "Success", "Init", "Init"])
    #expect(try await execute("PROD_CHECK")?["Success"] == true)
    #expect(try await words() == ["Running", "Success", "Running", "Init"])
    desk.clock.advance(by: 100)
    _ = try await execute("PROD")
    desk.clock.advance(by: 100)
    #expect(try await words() == ["Success", "Success", "Success", "Success"])
  }

  @Test func `no stage is skipped or repeated, and none executed in a run that has ended`()
    async throws
  {
    _ = try await create()
    desk.clock.advance(by: 4)
    for code in ["BUILD_PACKAGE", "PROD", "OTHER"] {
      await #expect(throws: Failure.self) { try await execute(code) }
    }
    _ = try await execute("PROD_CHECK")
    await #expect(throws: Failure.self) { try await execute("PROD_CHECK") }
    #expect(
      try await desk.ask(
        "AbolishPipelineRun", .post, form: [("ProjectId", "10000"), ("Id", Self.run)])?["Success"]
        == true)
    #expect(try await words().first == "Cancel")
    let failure = await #expect(throws: Failure.self) { try await execute("PROD") }
    #expect(failure?.what.contains("流水线不是正在运行") == true)
  }

  @Test func `RunMode Auto goes as far as it is told`() async throws {
    _ = try await create(("RunMode", "Auto"), ("AutoRunUntilStage", "PROD_CHECK"))
    desk.clock.advance(by: 100)
    #expect(try await words() == ["Running", "Success", "Success", "Init"])
  }

  @Test func `the project stands in the query where a stage is executed, in the form elsewhere`()
    async throws
  {
    _ = try await create()
    desk.clock.advance(by: 4)
    await #expect(throws: Failure.self) {
      try await desk.ask(
        "ExecPipelineRunStage", .post,
        form: [("ProjectId", "10000"), ("Id", Self.run), ("Code", "PROD_CHECK")])
    }
    await #expect(throws: Failure.self) {
      try await desk.ask(
        "CreatePipelineRun", .post, query: [("ProjectId", "10000")],
        form: [("Type", "Online"), ("ObjectIds", #"["1"]"#)])
    }
  }

  @Test func `objects are a JSON list of texts`() async {
    for objects in ["1", "[1]", "[]", ""] {
      let failure = await #expect(throws: Failure.self) {
        try await desk.ask(
          "CreatePipelineRun", .post,
          form: [("ProjectId", "10000"), ("Type", "Online"), ("ObjectIds", objects)])
      }
      #expect(failure?.code == "5801489541076353033")
    }
  }

  @Test func `the list is paged, oldest first, and cut by the filter's words`() async throws {
    _ = try await create()
    let list = try await desk.ask(
      "ListPipelineRuns", .get,
      query: [("ProjectId", "10000"), ("PageSize", "2"), ("PageNumber", "3")])?["PagingInfo"]
    #expect(list?["TotalCount"] == 5 && list?["PipelineRuns"]?.array?.count == 1)
    #expect(list?["PipelineRuns"]?[0]?["Id"]?.string == Self.run)
    let done = try await desk.ask(
      "ListPipelineRuns", .get, query: [("ProjectId", "10000"), ("Status", "Success")])
    #expect(done?["PagingInfo"]?["TotalCount"] == 4)
    await #expect(throws: Failure.self) {
      try await desk.ask(
        "ListPipelineRuns", .get, query: [("ProjectId", "10000"), ("PageSize", "101")])
    }
  }

  @Test func `a stage that waits for a person is declined until one has acted`() async throws {
    let desk = AlibabaDesk(DataWorksSimulator.self, .approval)
    _ = try await create(on: desk)
    desk.clock.advance(by: 4)
    _ = try await execute("PROD_CHECK", on: desk)
    desk.clock.advance(by: 4)
    await #expect(throws: Failure.self) { try await execute("PROD", on: desk) }
    #expect(try await words(on: desk) == ["Running", "Success", "Success", "Init"])
    desk.clock.advance(by: 3.1)
    #expect(try await words(on: desk).last == "Running")
    desk.clock.advance(by: 2)
    #expect(try await words(on: desk).first == "Success")
  }
}
