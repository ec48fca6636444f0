import PipelatchCore
import PipelatchSimulator
import PipelatchVendors
import Testing

struct ACS3GateTests {
  static let products = ["aliyun-devops", "dataworks"]

  private func look(
    _ product: String, id: String? = nil, secret: String? = nil, session: String? = nil,
    ahead: Double = 0, nonce: String? = nil, times: Int = 1
  ) async throws -> Failure? {
    let desk = AlibabaDesk(try #require(simulator(named: product)))
    let client = try desk.client(
      id: id, secret: secret, session: session, ahead: ahead, nonce: nonce)
    var selector = Selector()
    selector.latest = true
    var passedOver: Set<String> = []
    do throws(Failure) {
      for _ in 0..<times { _ = try await client.find(selector, passedOver: &passedOver) }
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: products)
  func `the right key opens, and so does a temporary one`(product: String) async throws {
    #expect(try await look(product) == nil)
    #expect(
      try await look(product, id: "STS.DemoKeyId", session: "demo-security-token") == nil)
  }

  @Test(arguments: products)
  func `a wrong secret does not open, and exits 77`(product: String) async throws {
    let failure = try await look(product, secret: "another")
    #expect(failure?.code == "SignatureDoesNotMatch" && failure?.status == 400)
    #expect(failure?.exitCode == .refused)
  }

  @Test(arguments: products)
  func `an unknown key is 404, and exits 77 all the same`(product: String) async throws {
    let failure = try await look(product, id: "LTAI-other")
    #expect(failure?.code == "InvalidAccessKeyId.NotFound" && failure?.status == 404)
    #expect(failure?.exitCode == .refused)
  }

  @Test func `a wrong session does not open`() async throws {
    let failure = try await look("dataworks", id: "STS.DemoKeyId", session: "old")
    #expect(failure?.exitCode == .refused)
  }

  @Test(arguments: [-1800.0, 1800])
  func `a clock that is off is refused`(ahead: Double) async throws {
    let failure = try await look("dataworks", ahead: ahead)
    #expect(failure?.code == "InvalidTimeStamp.Expired" && failure?.exitCode == .refused)
    #expect(failure?.sentence.contains("clock") == true)
    #expect(try await look("dataworks", ahead: ahead / 3) == nil)
  }

  @Test func `a nonce opens once`() async throws {
    let nonce = "0123456789abcdef0123456789abcdef"
    let failure = try await look("aliyun-devops", nonce: nonce, times: 2)
    #expect(failure?.code == "SignatureNonceUsed")
  }

  @Test func `a key that may only read starts nothing`() async throws {
    let desk = AlibabaDesk(DataWorksSimulator.self)
    let client = try #require(try desk.client(id: "LTAI5tReadKeyId") as? any Startable)
    var order = Order()
    order.inputs = [Order.Input(key: "ObjectIds", value: "1")]
    let failure = await #expect(throws: Failure.self) { try await client.start(order) }
    #expect(failure?.exitCode == .refused)
  }

  @Test func `nothing opens without a signature`() async {
    let desk = AlibabaDesk(DataWorksSimulator.self).desk
    #expect(await desk.answer(Ask("GET", "/?ProjectId=10000")).status == 400)
  }
}
