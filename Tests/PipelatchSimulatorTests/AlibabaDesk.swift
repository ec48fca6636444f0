import Foundation
import PipelatchCore
import PipelatchSimulator
import PipelatchVendors

/// A client of Alibaba Cloud before a simulated product of its, with whatever key and clock a test wants.
struct AlibabaDesk {
  let clock: HandClock
  let desk: any Simulator

  init(_ simulator: any Simulator.Type, _ scenario: Scenario = .success) {
    clock = HandClock()
    desk = simulator.init(scenario, speed: 1, now: clock.now)
  }

  func client(
    id: String? = nil, secret: String? = nil, session: String? = nil, ahead: Double = 0,
    nonce: String? = nil
  ) throws -> any Vendor {
    let target = try Target(desk.target)
    let now = clock.now
    let own = desk.environment
    return try vendor(named: target.vendor).init(
      Site(
        target: target, server: Server("http://127.0.0.1:8080"),
        wallet: Wallet(
          .keys(
            id: id ?? own["ALIBABA_CLOUD_ACCESS_KEY_ID"] ?? "",
            secret: Secret(secret ?? own["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] ?? ""),
            session: session.map(Secret.init))),
        transport: DeskTransport(desk: desk),
        now: { Timestamp(now().addingTimeInterval(ahead)) },
        nonce: { nonce ?? UUID().uuidString }))
  }

  /// Sends one request, signed; the answer as JSON, or what the connection throws.
  func ask(
    _ action: String, _ method: Request.Method, _ path: String = "/",
    query: [(String, String)] = [], form: [(String, String)] = []
  ) async throws(Failure) -> JSON? {
    guard let connection = try? client().connection else { throw Failure(.fault, "no client") }
    let request = Request(
      method, connection.server, path: path, query: query.map { Request.Pair($0, $1) },
      headers: [Request.Pair("x-acs-action", action)],
      body: form.map { Request.Pair($0, $1) }.formEncoded)
    return JSON(bytes: try await connection.send(request).body)
  }
}
