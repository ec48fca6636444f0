import Foundation
import PipelatchSimulator
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

struct LoopbackServerTests {
  struct Echo: Desk {
    func answer(_ ask: Ask) async -> Answer {
      if ask.parts == ["reset"] { return .reset }
      return Answer(
        201,
        json: [
          "parts": .array(ask.parts.map(JSON.string)), "q": JSON(ask.query("q")),
          "body": ask.json ?? .null, "token": JSON(ask.header("x-token")),
        ])
    }
  }

  /// Patient, since tests that only compute may hold every thread for a while.
  private static let session: URLSession = {
    let patience = URLSessionConfiguration.ephemeral
    patience.timeoutIntervalForRequest = 600
    return URLSession(configuration: patience)
  }()

  @Test func `a request is handed over whole, and the answer goes back with its date`() async throws
  {
    let server = try await LoopbackServer(Echo())
    var request = URLRequest(url: try #require(URL(string: server.address + "/a%2Fb/c?q=1+2")))
    request.httpMethod = "POST"
    request.setValue("t", forHTTPHeaderField: "X-Token")
    request.httpBody = Data(#"{"k":[1,true,null]}"#.utf8)
    let (data, response) = try await Self.session.data(for: request)
    let answer = try #require(response as? HTTPURLResponse)
    #expect(answer.statusCode == 201)
    #expect(answer.value(forHTTPHeaderField: "Date")?.hasSuffix(" GMT") == true)
    #expect(
      JSON(bytes: Array(data))
        == ["parts": ["a/b", "c"], "q": "1 2", "body": ["k": [1, true, nil]], "token": "t"])
    #expect(server.tally == ["POST /a%2Fb/c": 1])
    await server.close()
  }

  @Test func `a reset gives no answer, and the next connection is served`() async throws {
    let server = try await LoopbackServer(Echo())
    let address = server.address
    await #expect(throws: (any Error).self) {
      try await Self.session.data(from: URL(string: address + "/reset")!)
    }
    let (_, response) = try await Self.session.data(from: URL(string: address + "/")!)
    #expect((response as? HTTPURLResponse)?.statusCode == 201)
    await server.close()
  }
}
