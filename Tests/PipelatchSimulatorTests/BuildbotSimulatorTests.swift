import Foundation
import PipelatchSimulator
import Testing

struct BuildbotSimulatorTests {
  let clock: HandClock
  let desk: BuildbotSimulator

  init() {
    clock = HandClock()
    desk = BuildbotSimulator(.success, speed: 1, now: clock.now)
  }

  private func get(_ target: String) async -> Answer { await desk.answer(Ask("GET", target)) }

  private func signIn(_ password: String) async -> Answer {
    let pair = Data("demo:\(password)".utf8).base64EncodedString()
    return await desk.answer(
      Ask("GET", "/auth/login", headers: [("Authorization", "Basic \(pair)")]))
  }

  private func post(_ path: String, _ method: String, _ parameters: JSON) async -> Answer {
    let cookies = await signIn("demo:4Wq").headers.filter { $0.name == "Set-Cookie" }
    let cookie = cookies.last?.value.split(separator: ";").first.map { String($0) } ?? ""
    let body: JSON = ["id": 1, "jsonrpc": "2.0", "method": .string(method), "params": parameters]
    return await desk.answer(
      Ask(
        "POST", path, headers: [("Content-Type", "application/json"), ("Cookie", cookie)],
        body: body.bytes))
  }

  private func force() async -> Answer {
    await post(
      "/api/v2/forceschedulers/release", "force",
      ["builderid": 3, "branch": "main", "reason": "why not", "nonsense": "is passed over"])
  }

  @Test func `a password opens the login page and nothing else`() async {
    #expect(await signIn("wrong").status == 401)
    #expect(await signIn("demo:4Wq").status == 302)
    let refused = await desk.answer(
      Ask(
        "POST", "/api/v2/forceschedulers/release", headers: [("Content-Type", "application/json")],
        body: Array(#"{"id":1,"jsonrpc":"2.0","method":"force","params":{}}"#.utf8)))
    #expect(refused.status == 403 && refused.json?["error"]?["code"] == -32600)
  }

  @Test func `a request waits without a build, has one, and is complete with it`() async {
    let forced = await force()
    #expect(forced.json?["result"] == [205, ["3": 105]])
    let waiting = await get("/api/v2/buildrequests/105?property=reason").json?["buildrequests"]?[0]
    #expect(waiting?["claimed"] == false && waiting?["results"] == -1)
    #expect(waiting?["properties"] == ["reason": ["why not", "Force Build Form"]])
    #expect(await get("/api/v2/builds?buildrequestid=105").json?["builds"] == [])
    clock.advance(by: 2)
    let build = await get("/api/v2/builds?buildrequestid=105&property=branch").json?["builds"]?[0]
    #expect(build?["number"] == 5 && build?["results"] == JSON.null)
    #expect(build?["properties"] == ["branch": ["main", "Build"]])
    clock.advance(by: 8)
    let done = await get("/api/v2/buildrequests/105").json?["buildrequests"]?[0]
    #expect(done?["complete"] == true && done?["results"] == 0)
    #expect(await get("/api/v2/builders/3/builds/5").json?["builds"]?[0]?["results"] == 0)
  }

  @Test func `a canceled request has its own result`() async {
    _ = await force()
    clock.advance(by: 2)
    let answer = await post("/api/v2/buildrequests/105", "cancel", ["reason": "no"])
    #expect(answer.status == 200 && answer.json?["result"] == JSON.null)
    let request = await get("/api/v2/buildrequests/105").json?["buildrequests"]?[0]
    #expect(request?["complete"] == true && request?["results"] == 6)
  }

  @Test func `what is not known is refused as the master refuses it`() async {
    #expect(await get("/api/v2/buildrequests/999").status == 404)
    #expect(await get("/api/v2/builders?name=other").json?["builders"] == [])
    #expect(await get("/sse/listen/buildrequests/105/*").status == 404)
    let other = await post("/api/v2/forceschedulers/other", "force", ["builderid": 3])
    #expect(other.status == 500 && other.json?["error"]?["code"] == -32603)
    let unknown = await post("/api/v2/forceschedulers/release", "force", ["builderid": 99])
    #expect(unknown.status == 500)
  }
}
