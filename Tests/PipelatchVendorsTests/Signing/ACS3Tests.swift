import PipelatchCore
import Testing

@testable import PipelatchVendors

/// Vectors that Alibaba Cloud's own SDK gives, and the one its document prints.
struct ACS3Tests {
  struct Vector: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var key = "testid"
    var secret = "testsecret"
    var session: String?
    var date = "2026-01-02T03:04:05Z"
    var nonce = "3156853299f313e23d1673dc12e1703d"
    var covering: Set<String> = []
    var request: Request
    var digest: String
    var signature: String
  }

  @Test(arguments: flow + dataWorks + [document])
  func `a request is signed as the vendor signs it`(vector: Vector) throws {
    let headers = try ACS3.headers(
      .keys(
        id: vector.key, secret: Secret(vector.secret), session: vector.session.map(Secret.init)),
      date: #require(Timestamp(iso8601: vector.date)), nonce: vector.nonce,
      request: vector.request, covering: vector.covering)
    var signed = vector.request
    for header in headers { signed.set(header.name, header.value) }
    let canonical = ACS3.canonical(signed, covering: vector.covering)
    #expect(ACS3.digest(Array(canonical.text.utf8)) == vector.digest)
    #expect(
      signed.header("authorization")
        == "ACS3-HMAC-SHA256 Credential=\(vector.key),SignedHeaders=\(canonical.names),"
        + "Signature=\(vector.signature)")
  }

  @Test func `the canonical text of a query has one line each, and an empty one after the headers`()
    throws
  {
    let vector = try #require(Self.dataWorks.first)
    let headers = try ACS3.headers(
      .keys(id: "testid", secret: Secret("testsecret"), session: nil),
      date: #require(Timestamp(iso8601: vector.date)), nonce: vector.nonce, request: vector.request)
    var signed = vector.request
    for header in headers where header.name != "Authorization" {
      signed.set(header.name, header.value)
    }
    #expect(
      ACS3.canonical(signed).text == """
        GET
        /
        Creator=110755000425%2A%2A%2A%2A&PageNumber=1&PageSize=10&ProjectId=10000&Status=Running
        host:dataworks.cn-shanghai.aliyuncs.com
        x-acs-action:ListPipelineRuns
        x-acs-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
        x-acs-date:2026-03-30T12:00:00Z
        x-acs-signature-nonce:0123456789abcdef0123456789abcdef
        x-acs-version:2024-05-18

        host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version
        e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
        """)
  }

  @Test func `the host that is signed has the port that is sent`() throws {
    let server = try Server("http://127.0.0.1:8080/base")
    let canonical = ACS3.canonical(Request(.get, server, path: "/"))
    #expect(canonical.text.hasPrefix("GET\n/base/\n\nhost:127.0.0.1:8080\n"))
  }

  @Test func `a token is no access key`() throws {
    let request = Request(.get, Server(host: "example.com"), path: "/")
    let failure = #expect(throws: Failure.self) {
      try ACS3.headers(
        .token(Secret("t"), from: "T"), date: Timestamp(milliseconds: 0), nonce: "n",
        request: request)
    }
    #expect(failure?.kind == .notConfigured)
  }

  private static let pipeline = "/organization/5ebbc0228123212b59xxxxx/pipelines/124"

  static let flow = [
    Vector(
      testDescription: "GetPipelineRun, ROA",
      request: ask(.get, flowHost, "GetPipelineRun", "\(pipeline)/pipelineRuns/7"),
      digest: "1bac5e1450c98c681a1ba995a8c37a6af9ea4f91cc87e3d9860d0bcbdd18cf26",
      signature: "05b44fd5c529bdd2df42d751f1b1de0d29734c790cdba4ab2ec167bac08a1831"),
    Vector(
      testDescription: "ListPipelineRuns, ROA with a query",
      request: ask(
        .get, flowHost, "ListPipelineRuns", "\(pipeline)/pipelineRuns",
        query: [("status", "FAIL"), ("nextToken", "a b/=+~*"), ("maxResults", "10")]),
      digest: "6e2971a3411930367c1aaf25d17efe7bf7fb1e9be73418cf2ca598d761d46c67",
      signature: "be50fee6c0a53e1495bce3045685f7eb9dd2da6997f4c6aeff0edc3d20fdef15"),
    Vector(
      testDescription: "StartPipelineRun, ROA with a form",
      request: ask(
        .post, flowHost, "StartPipelineRun",
        "/organizations/5ebbc0228123212b59xxxxx/pipelines/124/run",
        body: "params=%7B%22envs%22%3A%7B%22k+1%22%3A%22v%2A~1%22%7D%2C%22branchModeBranchs%22%3A"
          + "%5B%22feature%2Fa%22%5D%7D"),
      digest: "612b37af0ac9ffa2e59fe129b0f0f09265c5a90b8fcfd65f75660443362b7f81",
      signature: "b74596c3b7adf04bf48ee14ee0fa9153f618a7aa1ab39d7dfcdfddaf2884db9f"),
    Vector(
      testDescription: "StopPipelineRun, ROA with STS", session: "testtoken",
      request: ask(.put, flowHost, "StopPipelineRun", "\(pipeline)/pipelineRuns/7/stop"),
      digest: "d57fb66d277aa4f42206594279b6f693a708c6fe4a1e490bf87e49a5476ffed0",
      signature: "63b19e1bcc3320ed00c60c7dbdd2809174021de5caf508ce426f410adb752398"),
  ]

  static let document = Vector(
    testDescription: "RunInstances, as the document prints it", key: "YourAccessKeyId",
    secret: "YourAccessKeySecret", date: "2023-10-26T10:22:32Z",
    request: Request(
      .post, Server(host: "ecs.cn-shanghai.aliyuncs.com"), path: "/",
      query: [
        Request.Pair("RegionId", "cn-shanghai"),
        Request.Pair("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"),
      ],
      headers: [
        Request.Pair("x-acs-action", "RunInstances"), Request.Pair("x-acs-version", "2014-05-26"),
      ]),
    digest: "7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259",
    signature: "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0")

  static let dataWorks = [
    rpc(
      "ListPipelineRuns, RPC",
      ask(
        .get, dataWorksHost, "ListPipelineRuns", query: listed + [("Creator", "110755000425****")]),
      "2f1ca1bf0d321066e0ed6ca95fc3475d95ca34b1d4be08bd01084f957eb2a563",
      "c0fd5528667814a8eee3bc49134888197bb1ca971f68b10db4acbab2e84044a6"),
    rpc(
      "ListPipelineRuns, RPC without a creator",
      ask(.get, dataWorksHost, "ListPipelineRuns", query: listed),
      "c6b566e1f657446765e8954a77d4c0b1cabf109a7bf116636cb8ef4560bc6921",
      "022cf1a5cffdfd4fa09300438d2aa899bd77760e3e0e683cb11703849ea722df"),
    rpc(
      "ListPipelineRuns, RPC with every header signed, as the SDK does",
      ask(
        .get, dataWorksHost, "ListPipelineRuns",
        query: listed + [("Creator", "110755000425****")],
        headers: [
          ("accept", "application/json"), ("user-agent", "gate-test/1.0"),
          ("x-acs-credentials-provider", "static_ak"),
        ]),
      "e6f8014a08891f5b773195f612a60ff47aa714016387423242656a1f1d42679b",
      "3ea9ac36bd511edeb94dc2c06e7d887d7dbf159095502e139204b11f7370d3a6",
      covering: ["accept", "user-agent"]),
    rpc(
      "GetPipelineRun, RPC",
      ask(
        .get, dataWorksHost, "GetPipelineRun",
        query: [("ProjectId", "10000"), ("Id", "a7ef0634-20ec-4a7c-a214-54020f91XXXX")]),
      "f9f06d2256fc8c62077899d25f7940e126b6369a46308245ac756d1e471b9e9a",
      "a775d49c4400f315f59212acd80471382e543a3fe5161f3dc2c03c7cd3d85eeb"),
    rpc(
      "CreatePipelineRun, RPC with a form",
      ask(
        .post, dataWorksHost, "CreatePipelineRun",
        body: "Description=ci+run+%2342+%2F+main&ObjectIds=%5B%22860438872620113XXXX%22%5D"
          + "&ProjectId=10000&Type=Online"),
      "975a2b503637d984805004c3cad7e4ed8748d22bc6f4f6a91fb95dc97bdb674e",
      "900139eebd8548e20e5b82ee9e0a12a004e1f26d83e5df4d6c123cffb719fe26"),
    rpc(
      "ExecPipelineRunStage, RPC with query and form",
      ask(
        .post, dataWorksHost, "ExecPipelineRunStage", query: [("ProjectId", "10000")],
        body: "Code=DEV_CHECK&Id=a7ef0634-20ec-4a7c-a214-54020f91XXXX"),
      "3c87d1b74d18142dc4ec4e9f7b4f5eea3d0b9c4331ebcd63ee5735990aaf66a7",
      "328347e74e83bd4836c70ef708e29e5985483996d7ce1b3933e8c2bb30a888ff"),
  ]

  private static let flowHost = ("devops.cn-hangzhou.aliyuncs.com", "2021-06-25")
  private static let dataWorksHost = ("dataworks.cn-shanghai.aliyuncs.com", "2024-05-18")
  private static let listed = [
    ("ProjectId", "10000"), ("Status", "Running"), ("PageNumber", "1"), ("PageSize", "10"),
  ]

  private static func rpc(
    _ name: String, _ request: Request, _ digest: String, _ signature: String,
    covering: Set<String> = []
  ) -> Vector {
    Vector(
      testDescription: name, date: "2026-03-30T12:00:00Z",
      nonce: "0123456789abcdef0123456789abcdef", covering: covering, request: request,
      digest: digest, signature: signature)
  }

  private static func ask(
    _ method: Request.Method, _ host: (name: String, version: String), _ action: String,
    _ path: String = "/", query: [(String, String)] = [], headers: [(String, String)] = [],
    body: String = ""
  ) -> Request {
    let content = body.isEmpty ? [] : [("content-type", "application/x-www-form-urlencoded")]
    let all = headers + content + [("x-acs-action", action), ("x-acs-version", host.version)]
    return Request(
      method, Server(host: host.name), path: path, query: query.map { Request.Pair($0, $1) },
      headers: all.map { Request.Pair($0, $1) }, body: Array(body.utf8))
  }
}
