import PipelatchCore
import PipelatchVendors
import Synchronization
import Testing

struct AlibabaRoleTests {
  private static let now = Timestamp(iso8601: "2026-01-02T03:04:05Z")!
  private static let named = [
    "ALIBABA_CLOUD_ROLE_ARN": "acs:ram::1:role/ci",
    "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "acs:ram::1:oidc-provider/p",
    "ALIBABA_CLOUD_OIDC_TOKEN_FILE": "/run/token",
  ]

  @Test func `the token is exchanged for a credential that ends`() async throws {
    let role = try #require(try AlibabaRole(Self.named))
    #expect(role.tokenFile == "/run/token")
    let sts = OneAnswer(
      200,
      #"{"RequestId":"R1","Credentials":{"AccessKeyId":"STS.id","AccessKeySecret":"secret","#
        + #""SecurityToken":"session","Expiration":"2026-01-02T04:04:05Z"}}"#)
    let assumed = try await role.assume(with: Secret("ey.j.wt\n"), over: sts, now: Self.now)
    #expect(
      assumed.credential
        == .keys(id: "STS.id", secret: Secret("secret"), session: Secret("session")))
    #expect(assumed.expires == Timestamp(iso8601: "2026-01-02T04:04:05Z"))
    let request = try #require(sts.asked)
    #expect(
      request.url
        == "https://sts.aliyuncs.com/?Action=AssumeRoleWithOIDC&Format=JSON&Version=2015-04-01"
        + "&Timestamp=2026-01-02T03%3A04%3A05Z")
    #expect(
      String(decoding: request.body, as: UTF8.self)
        == "RoleArn=acs%3Aram%3A%3A1%3Arole%2Fci&OIDCProviderArn=acs%3Aram%3A%3A1%3Aoidc-provider%2Fp"
        + "&OIDCToken=ey.j.wt&RoleSessionName=pipelatch&DurationSeconds=3600")
    #expect(request.header("authorization") == nil)
  }

  @Test func `a role needs all three variables`() throws {
    for name in Self.named.keys {
      var some = Self.named
      some[name] = nil
      #expect(try AlibabaRole(some) == nil)
      some[name] = ""
      #expect(try AlibabaRole(some) == nil)
    }
  }

  @Test func `a region and the private network choose the server`() async throws {
    var named = Self.named
    named["ALIBABA_CLOUD_STS_REGION"] = "cn-beijing"
    named["ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED"] = "true"
    named["ALIBABA_CLOUD_ROLE_SESSION_NAME"] = "mine"
    let sts = OneAnswer(500, "")
    let role = try #require(try AlibabaRole(named))
    let failure = await #expect(throws: Failure.self) {
      try await role.assume(with: Secret("t"), over: sts, now: Self.now)
    }
    #expect(failure?.kind == .unreachable)
    #expect(sts.asked?.server.host == "sts-vpc.cn-beijing.aliyuncs.com")
    named["ALIBABA_CLOUD_STS_REGION"] = "evil.example/"
    #expect(throws: Failure.self) { try AlibabaRole(named) }
  }

  @Test func `a refusal says what to check and never the token`() async throws {
    let role = try #require(try AlibabaRole(Self.named))
    let sts = OneAnswer(
      400, #"{"Code":"AuthenticationFail.OIDCToken.Expired","Message":"This token ey.j.wt is old"}"#
    )
    let failure = await #expect(throws: Failure.self) {
      try await role.assume(with: Secret("ey.j.wt"), over: sts, now: Self.now)
    }
    #expect(failure?.kind == .refused)
    #expect(failure?.sentence.contains("ALIBABA_CLOUD_ROLE_ARN") == true)
    #expect(failure?.sentence.contains("ey.j.wt") == false)
  }
}

/// Gives one answer and keeps what was asked.
private final class OneAnswer: Transport {
  private let response: Response
  private let request = Mutex<Request?>(nil)

  init(_ status: Int, _ body: String) {
    response = Response(status: status, body: Array(body.utf8))
  }

  var asked: Request? { request.withLock { $0 } }

  func send(_ request: Request) async throws(Failure) -> Response {
    self.request.withLock { $0 = request }
    return response
  }
}
