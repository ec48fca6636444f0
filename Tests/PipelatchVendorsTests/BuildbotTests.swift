import PipelatchCore
import PipelatchVendors
import Testing

struct BuildbotTests {
  @Test(arguments: [
    ("https://ci.example.org/#/builders/3/builds/17", "https://ci.example.org", ["3"], "17"),
    ("http://127.0.0.1:8010/#/builders/3", "http://127.0.0.1:8010", ["3"], nil),
    (
      "https://example.org/build/bot/#/builders/a%20b/builds/1/steps/2/logs/stdio",
      "https://example.org/build/bot", ["a b"], "1"
    ),
    ("https://ci.example.org/#buildrequests/9", "https://ci.example.org", [], "request:9"),
  ])
  func `a page tells the server with its base path, the builder and the run`(
    text: String, server: String, path: [String], run: String?
  ) throws {
    let target = try Target(text)
    #expect(target.vendor == "buildbot")
    #expect(target.server?.text == server)
    #expect(target.path == path)
    #expect(target.run == run)
  }

  @Test(arguments: [
    "buildbot:", "buildbot:good#x", "buildbot:good#request:", "buildbot:good#request:x",
    "https://ci.example.org/#/builders", "https://ci.example.org/#/builders/3/builds/last",
    "https://ci.example.org/#/workers/3",
  ])
  func `what is no builder and no run is refused`(text: String) {
    #expect(throws: Failure.self) { try Target(text) }
  }

  @Test func `a builder may have any name, and a run is a build or a request`() throws {
    #expect(try Target("buildbot:a b/c#17").path == ["a b", "c"])
    #expect(try Target("buildbot:good#request:4").run == "request:4")
  }

  @Test func `there is no default server`() throws {
    let target = try Target("buildbot:good")
    do {
      _ = try Buildbot.server(for: target, settings: [:])
      Issue.record("a server was found")
    } catch {
      #expect(error.kind == .usage && error.sentence.contains("--server"))
    }
  }

  @Test func `nothing of a log's headers is ever shown`() async throws {
    let tape = try #require(Tape.of("buildbot").first { $0.name == "log-whole" })
    #expect(tape.text.contains("its secret value"))
    let lines = try await TapeTests.play(tape, on: TapePlayer(tape))
    #expect(lines == (1...40).map { "line line \($0)" } + ["line it broke"])
  }

  @Test func `a transport that cannot stream leaves the run to polling`() async throws {
    struct Deaf: Transport {
      let player: TapePlayer
      func send(_ request: Request) async throws(Failure) -> Response {
        try await player.send(request)
      }
    }
    let tape = try #require(Tape.of("buildbot").first { $0.name == "change" })
    let told = try await TapeTests.play(tape, on: Deaf(player: TapePlayer(tape)))
    #expect(told.first == "failure fault")
  }
}
