import PipelatchCore
import Testing

@testable import PipelatchVendors

/// Every signature here was computed by the vendor's own library, huaweicloudsdkcore 3.1.219.
struct SDKHMACTests {
  private static let pipelines = Server(host: "cloudpipeline-ext.cn-north-4.myhuaweicloud.com")
  private static let root =
    "/v5/72271b5446614062a01b8be944c9f372/api/pipelines/724cb378007d4303b91f85161f67d6b0"
  private static let run = root + "/pipeline-runs/c9cfdc8b918e44c09ad1cdd8c6b13c78"
  private static let project = "0123456789abcdef0123456789abcdef"

  private func authorization(
    _ request: Request, session: String? = nil, project: String? = nil
  ) -> String? {
    let headers = SDKHMAC.headers(
      for: request, id: "testid", secret: Secret("testsecret"), session: session.map { Secret($0) },
      project: project, at: Timestamp(iso8601: "2025-05-17T03:02:25Z")!)
    #expect(headers.first { $0.name == "X-Sdk-Date" }?.value == "20250517T030225Z")
    return headers.first { $0.name == "Authorization" }?.value
  }

  private func signed(_ names: String, _ signature: String) -> String {
    "SDK-HMAC-SHA256 Access=testid, SignedHeaders=\(names), Signature=\(signature)"
  }

  @Test func `a query is signed`() {
    let request = Request(
      .get, Self.pipelines, path: Self.root + "/pipeline-runs/detail",
      query: [Request.Pair("pipeline_run_id", "c9cfdc8b918e44c09ad1cdd8c6b13c78")])
    #expect(
      authorization(request)
        == signed(
          "host;x-sdk-date", "d2a6612cf1b8d3ccf37f01d091ebd40f39e6ec76c8c9fdea4651ae3c3a64522d"))
  }

  @Test func `a request without query and body is signed`() {
    let request = Request(
      .get, Server(host: "codehub-ext.cn-north-4.myhuaweicloud.com"),
      path: "/v4/repositories/2111976239/pipelines/6/latest-jobs")
    #expect(
      authorization(request)
        == signed(
          "host;x-sdk-date", "d374333b525b6e0c9f655ff676fe84d1fab53c38efde7a593c5957e787773fec"))
  }

  @Test func `body, security token and project are signed`() {
    let body =
      #"{"sources": [], "description": "gate", "variables": [{"name": "k", "value": "v \u4e2d"}], "#
      + #""choose_jobs": [], "choose_stages": []}"#
    let request = Request(
      .post, Self.pipelines, path: Self.root + "/run",
      headers: [Request.Pair("Content-Type", "application/json;charset=UTF-8")],
      body: Array(body.utf8))
    #expect(
      authorization(request, session: "sectok/+=", project: Self.project)
        == signed(
          "content-type;host;x-project-id;x-sdk-date;x-security-token",
          "b816fe2290fa906e8baa55b970fab37301344145e84fd96b88f40d7f913ca8ea"))
  }

  @Test func `path and query are encoded as the vendor does`() {
    let request = Request(
      .get, Self.pipelines, path: "/v5/a b/%7Ex/中/*",
      query: [
        Request.Pair("L", "z"), Request.Pair("L", "y"), Request.Pair("t", "true"),
        Request.Pair("b", "2 3"), Request.Pair("a", "~+/="), Request.Pair("a", "A"),
      ],
      headers: [
        Request.Pair("Content-Type", "application/json"), Request.Pair("X_Under", "no"),
      ])
    #expect(
      authorization(request)
        == signed(
          "content-type;host;x-sdk-date",
          "cea220380e3094abb10d1d66bddf6141b1d69a475eda3769f97bb6cd27522694"))
  }

  @Test func `an empty object is a body`() {
    let request = Request(
      .post, Self.pipelines, path: Self.run + "/stop",
      headers: [Request.Pair("Content-Type", "application/json")], body: Array("{}".utf8))
    #expect(
      authorization(request)
        == signed(
          "content-type;host;x-sdk-date",
          "e5483ad09dd27396457b0b34baf115e20271561a82d9451e5a910a59f8e2e766"))
  }

  @Test func `a comma in a query is encoded`() {
    let request = Request(
      .get, Self.pipelines, path: Self.run + "/steps/outputs",
      query: [Request.Pair("step_run_ids", "a1,b2")])
    #expect(
      authorization(request, session: "sectok/+=")
        == signed(
          "host;x-sdk-date;x-security-token",
          "458fe120f1e61a1521195a7d46ef4124ebd30c04f62cfefc55f63fe082daf7eb"))
  }

  @Test func `a port and a base path of the server are signed`() throws {
    let request = Request(.get, try Server("http://127.0.0.1:8123/base"), path: "/v5/p")
    #expect(
      authorization(request)
        == signed(
          "host;x-sdk-date", "25b8e910de2cfa06ab6d7d70d10aaf709e17c980614e307041b51fd3fb22cbb2"))
  }
}
