import PipelatchCore
import PipelatchVendors
import Synchronization
import Testing

/// What becomes of the stages of a run that was started here.
struct DataWorksDriveTests {
  @Test func `each stage is executed once, however often the run is looked at`() async throws {
    let world = World()
    let vendor = try world.vendor()
    let run = try await vendor.start(world.order()).handle
    try await world.turn(vendor, run, "Success", "Init", "Init")
    try await world.turn(vendor, run, "Success", "Init", "Init")
    try await world.turn(vendor, run, "Success", "Running", "Init")
    try await world.turn(vendor, run, "Success", "Success", "Init")
    try await world.turn(vendor, run, "Success", "Success", "Running")
    #expect(world.executed == ["PROD_CHECK", "PROD"])
  }

  @Test func `the first stage gets a while to begin by itself`() async throws {
    let world = World()
    let vendor = try world.vendor()
    let run = try await vendor.start(world.order()).handle
    try await world.turn(vendor, run, "Init", "Init", "Init")
    #expect(world.executed == [])
    world.pass(seconds: 31)
    try await world.turn(vendor, run, "Init", "Init", "Init")
    try await world.turn(vendor, run, "Init", "Init", "Init")
    #expect(world.executed == ["BUILD_PACKAGE"])
  }

  @Test func `with RunMode Auto the vendor executes, and where it stops a person is waited for`()
    async throws
  {
    let world = World()
    let vendor = try world.vendor()
    let order = world.order(("RunMode", "Auto"), ("AutoRunUntilStage", "PROD_CHECK"))
    let run = try await vendor.start(order).handle
    try await world.turn(vendor, run, "Success", "Init", "Init")
    try await world.turn(vendor, run, "Success", "Success", "Init")
    #expect(world.executed == [])
    world.pass(seconds: 60)
    let still = try await vendor.look(run)
    #expect(still.state == .waiting)
    #expect(still.approvals.first?.stage == "PROD")
  }

  @Test func `a run that is driven here waits for nobody, until a stage does not begin`()
    async throws
  {
    let world = World()
    let vendor = try world.vendor()
    let run = try await vendor.start(world.order()).handle
    world.pass(seconds: 600)
    world.stages("Success", "Init", "Init")
    let seen = try await vendor.look(run)
    #expect(seen.approvals == [] && seen.state == .running)
    try await vendor.advance(seen)
    #expect(try await vendor.look(run).approvals == [])
    world.pass(seconds: 31)
    let stuck = try await vendor.look(run)
    #expect(stuck.state == .waiting)
    #expect(stuck.approvals.first?.stage == "PROD_CHECK")
    #expect(world.executed == ["PROD_CHECK"])
  }

  @Test func `the same run looked at by another process waits for a person`() async throws {
    let world = World()
    world.stages("Success", "Init", "Init")
    world.pass(seconds: 31)
    let run = try await world.vendor().look(World.id)
    #expect(run.state == .waiting && run.approvals.count == 1)
  }

  @Test func `a lost answer is not repeated before a while has passed`() async throws {
    let world = World()
    let vendor = try world.vendor()
    let run = try await vendor.start(world.order()).handle
    world.answer(execution: 503, #"{"Code":"ServiceUnavailable","Message":"busy"}"#)
    await #expect(throws: Failure.self) {
      try await world.turn(vendor, run, "Success", "Init", "Init")
    }
    try await world.turn(vendor, run, "Success", "Init", "Init")
    #expect(world.executed == ["PROD_CHECK"])
    world.pass(seconds: 31)
    // It had arrived: the vendor does not repeat a stage.
    world.answer(execution: 400, #"{"Code":"400","Message":"repeat"}"#)
    try await world.turn(vendor, run, "Success", "Init", "Init")
    try await world.turn(vendor, run, "Success", "Init", "Init")
    #expect(world.executed == ["PROD_CHECK", "PROD_CHECK"])
  }

  @Test func `a stage that is declined is tried once more, and then a person must act`()
    async throws
  {
    let world = World()
    let vendor = try world.vendor()
    let run = try await vendor.start(world.order()).handle
    world.answer(execution: 200, #"{"Success":false,"ErrorMessage":"not approved"}"#)
    try await world.turn(vendor, run, "Success", "Init", "Init")
    #expect(try await vendor.look(run).approvals == [])
    try await world.turn(vendor, run, "Success", "Init", "Init")
    let waiting = try await vendor.look(run)
    #expect(waiting.state == .waiting)
    #expect(waiting.approvals.first?.message.contains("not approved") == true)
    try await vendor.advance(waiting)
    #expect(world.executed == ["PROD_CHECK", "PROD_CHECK"])
    world.pass(seconds: 301)
    world.answer(execution: 200, #"{"Success":true}"#)
    try await world.turn(vendor, run, "Success", "Init", "Init")
    #expect(world.executed.count == 3)
    #expect(try await vendor.look(run).approvals == [])
  }

  @Test func `a throttled execution is sent again at the next look`() async throws {
    let world = World()
    let vendor = try world.vendor()
    let run = try await vendor.start(world.order()).handle
    world.answer(execution: 429, #"{"Code":"Throttling.User","Message":"slow"}"#)
    await #expect(throws: Failure.self) {
      try await world.turn(vendor, run, "Success", "Init", "Init")
    }
    world.answer(execution: 200, #"{"Success":true}"#)
    try await world.turn(vendor, run, "Success", "Init", "Init")
    try await world.turn(vendor, run, "Success", "Init", "Init")
    #expect(world.executed == ["PROD_CHECK", "PROD_CHECK"])
  }
}

/// A workspace with one run, whose stages stand as the test says.
private final class World: Transport {
  static let id = "a7ef0634"
  private static let begin: Int64 = 1_767_323_000_000

  private struct Scene {
    var words = ["Init", "Init", "Init"]
    var executed: [String] = []
    var elapsed: Int64 = 0
    var changed: Int64 = 0
    var status = 200
    var body = #"{"Success":true}"#
  }

  private let scene = Mutex(Scene())

  var executed: [String] { scene.withLock { $0.executed } }

  func pass(seconds: Int64) { scene.withLock { $0.elapsed += seconds * 1000 } }

  func stages(_ words: String...) { scene.withLock { $0.words = words } }

  func answer(execution status: Int, _ body: String) {
    scene.withLock {
      $0.status = status
      $0.body = body
    }
  }

  func order(_ inputs: (String, String)...) -> Order {
    var order = Order()
    order.inputs = ([("ObjectIds", "1")] + inputs).map { Order.Input(key: $0, value: $1) }
    return order
  }

  func vendor() throws -> DataWorks {
    let target = try Target("dataworks:cn-shanghai/10000")
    return try DataWorks(
      Site(
        target: target, server: DataWorks.server(for: target, settings: [:]),
        wallet: Wallet(.keys(id: "testid", secret: Secret("testsecret"), session: nil)),
        transport: self,
        now: {
          Timestamp(milliseconds: Self.begin + self.scene.withLock { $0.elapsed })
        }, nonce: { "n" }))
  }

  /// One round of the loop: a look, then what is due.
  func turn(_ vendor: DataWorks, _ run: String, _ words: String...) async throws {
    scene.withLock { scene in
      if scene.words != words { scene.changed = scene.elapsed }
      scene.words = words
    }
    try await vendor.advance(try await vendor.look(run))
  }

  func send(_ request: Request) async throws(Failure) -> Response {
    switch request.header("x-acs-action") {
    case "CreatePipelineRun": return Self.answer(200, #"{"Id":"\#(Self.id)"}"#)
    case "ExecPipelineRunStage":
      let form = String(decoding: request.body, as: UTF8.self)
      let code = form.split(separator: "=").last.map(String.init) ?? ""
      return scene.withLock { scene in
        scene.executed.append(code)
        return Self.answer(scene.status, scene.body)
      }
    default:
      let scene = scene.withLock { $0 }
      let stages = zip(["BUILD_PACKAGE", "PROD_CHECK", "PROD"], scene.words).enumerated().map {
        #"{"Code":"\#($1.0)","Step":\#($0),"Status":"\#($1.1)"}"#
      }
      return Self.answer(
        200,
        #"{"Pipeline":{"Id":"\#(Self.id)","Status":"Running","ModifyTime":"#
          + #"\#(Self.begin + scene.changed),"Stages":[\#(stages.joined(separator: ","))]}}"#)
    }
  }

  private static func answer(_ status: Int, _ body: String) -> Response {
    Response(status: status, body: Array(body.utf8))
  }
}
