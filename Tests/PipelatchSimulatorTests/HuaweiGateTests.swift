import Foundation
import PipelatchCore
import PipelatchSimulator
import PipelatchVendors
import Testing

/// The gateway before both simulated services; the signatures are those of the vendor's own library.
struct HuaweiGateTests {
  private static let jobs = "/v4/repositories/2111976239/pipelines/6/latest-jobs"
  private static let runs =
    "/v5/72271b5446614062a01b8be944c9f372/api/pipelines/724cb378007d4303b91f85161f67d6b0"
  private static let host = "127.0.0.1:8080"
  /// 2026-01-02T03:04:05Z
  private static let now = Date(timeIntervalSince1970: 1_767_323_045)

  private func ask(
    _ headers: [Ask.Pair], _ method: String = "GET", _ target: String = jobs, body: String = "",
    at moment: Date = now
  ) async -> Answer {
    let named = target.hasPrefix("/v5") ? "codearts" : "codearts-repo"
    let desk = simulator(named: named)?.init(.success, speed: 1, now: { moment })
    let host: Ask.Pair = ("Host", Self.host)
    return await desk?.answer(
      Ask(method, target, headers: [host] + headers, body: Array(body.utf8))) ?? Answer(500)
  }

  private func signed(
    _ names: String, _ signature: String, access: String = "HPUADEMO7ACCESSKEY01"
  ) -> [Ask.Pair] {
    [
      ("X-Sdk-Date", "20260102T030405Z"),
      (
        "Authorization",
        "SDK-HMAC-SHA256 Access=\(access), SignedHeaders=\(names), Signature=\(signature)"
      ),
    ]
  }

  @Test func `a signature of the vendor's library passes`() async {
    let plain = signed(
      "host;x-sdk-date", "a6dbe39484855b2d647992074fa0de1ca0e3430a060b81c62704bb56c04235c9")
    #expect(await ask(plain).status == 200)
    let json: Ask.Pair = ("Content-Type", "application/json;charset=UTF-8")
    let post = signed(
      "content-type;host;x-sdk-date",
      "6f59afd3363840db5712286db88bfdd6723ef7c83b71a192c1e23d6a12be4727")
    let answer = await ask([json] + post, "POST", Self.runs + "/run", body: "{}")
    #expect(answer.json?["pipeline_run_id"]?.string?.count == 32)
    let query = signed(
      "host;x-sdk-date", "2218ccc9af9c7925e89c99f8f784c639ff71de71e4a5cd78a56c29a51a6350fc")
    let target = Self.runs + "/queued-pipeline?limit=100&offset=0"
    #expect(await ask(query, "GET", target).json?["total"] == 0)
  }

  @Test func `temporary keys pass with their security token, which is signed too`() async {
    let access = "HSTADEMO7ACCESSKEY02"
    let token: Ask.Pair = ("X-Security-Token", "hQljbi1ub3J0aC00/demo+token==")
    let names = "host;x-sdk-date;x-security-token"
    #expect(
      await ask(
        [token]
          + signed(
            names, "fc195cda6709bbc86e4fdd55e35117e2c28219e7822cf7ab0eaa4b7cc0f52c6b",
            access: access)
      ).status == 200)
    #expect(
      await ask(
        signed(
          "host;x-sdk-date", "d72a9520dca86615a952b8d61bb340bf17147912a5f6b129452af08c4246c4d6",
          access: access)
      ).status == 401)
  }

  @Test func `a token passes without a signature, and no other one`() async {
    #expect(await ask([("X-Auth-Token", "MIIDEMO0token0of0an0IAM0user")]).status == 200)
    #expect(await ask([("X-Auth-Token", "other")]).json?["error_code"] == "APIGW.0301")
    #expect(await ask([]).status == 401)
  }

  @Test func `another secret, body or address does not fit the signature`() async {
    let wrong = await ask(signed("host;x-sdk-date", String(repeating: "0", count: 64)))
    #expect(wrong.status == 401 && wrong.json?["error_code"] == "APIGW.0301")
    let json: Ask.Pair = ("Content-Type", "application/json;charset=UTF-8")
    let post = signed(
      "content-type;host;x-sdk-date",
      "6f59afd3363840db5712286db88bfdd6723ef7c83b71a192c1e23d6a12be4727")
    #expect(await ask([json] + post, "POST", Self.runs + "/run", body: "{ }").status == 401)
    #expect(
      await ask(
        signed(
          "host;x-sdk-date", "a6dbe39484855b2d647992074fa0de1ca0e3430a060b81c62704bb56c04235c9"),
        "GET", Self.jobs + "?a=b"
      ).status == 401)
  }

  @Test(arguments: [(-899.0, 200), (901, 401)])
  func `a date is good for a quarter of an hour`(gap: Double, status: Int) async {
    let answer = await ask(
      signed("host;x-sdk-date", "a6dbe39484855b2d647992074fa0de1ca0e3430a060b81c62704bb56c04235c9"),
      at: Self.now.addingTimeInterval(gap))
    #expect(answer.status == status)
    if status == 401 { #expect(answer.json?["error_code"] == "APIGW.0303") }
  }

  /// What the client makes of the gate with this credential.
  private func refusal(
    _ name: String, _ credential: Credential, clock: Date = now
  ) async throws -> Failure? {
    let desk = try #require(simulator(named: name)).init(.success, speed: 1, now: { Self.now })
    let site = Site(
      target: try Target(desk.target), server: try Server("http://\(Self.host)"),
      wallet: Wallet(credential), transport: DeskTransport(desk: desk),
      now: { Timestamp(clock) }, nonce: { "" })
    var selector = Selector()
    selector.latest = true
    var passedOver: Set<String> = []
    do throws(Failure) {
      _ = try await vendor(named: name).init(site).find(selector, passedOver: &passedOver)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: ["codearts", "codearts-repo"])
  func `the client passes with keys, with temporary keys and with a token`(name: String)
    async throws
  {
    let key = "HPUADEMO7ACCESSKEY01"
    let secret = Secret("demo0secret0Qm9ndXM0aGVyZQ1234567890abcd")
    #expect(try await refusal(name, .keys(id: key, secret: secret, session: nil)) == nil)
    let temporary = Credential.keys(
      id: "HSTADEMO7ACCESSKEY02", secret: Secret("demo0secret0VGVtcG9yYXJ5a2V5cw567890abcd"),
      session: Secret("hQljbi1ub3J0aC00/demo+token=="))
    #expect(try await refusal(name, temporary) == nil)
    let token = Credential.token(Secret("MIIDEMO0token0of0an0IAM0user"), from: "T")
    #expect(try await refusal(name, token) == nil)
  }

  @Test(arguments: ["codearts", "codearts-repo"])
  func `the client is refused with a wrong secret, and does not tell what was signed`(
    name: String
  ) async throws {
    let key = "HPUADEMO7ACCESSKEY01"
    let wrong = try await refusal(name, .keys(id: key, secret: Secret("other"), session: nil))
    #expect(wrong?.exitCode == .refused && wrong?.code == "APIGW.0301")
    #expect(wrong?.sentence.contains("canonical") == false)
    let late = try await refusal(
      name, .keys(id: key, secret: Secret("other"), session: nil),
      clock: Self.now.addingTimeInterval(-1000))
    #expect(late?.exitCode == .refused && late?.code == "APIGW.0303")
    #expect(late?.remedy?.contains("clock") == true)
  }
}
