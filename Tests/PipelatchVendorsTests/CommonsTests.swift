import PipelatchCore
import Testing

@testable import PipelatchVendors

/// What several gates of one process share.
struct CommonsTests {
  private func connection(
    _ script: ConnectionTests.Script, _ commons: Commons, token: String = "one",
    host: String = "ci.example.test"
  ) throws -> Connection {
    let site = Site(
      target: try Target("yunxiao:org/1"), server: Server(host: host),
      wallet: Wallet(.token(Secret(token), from: "TEST")), transport: script,
      now: { Timestamp(milliseconds: 1_000_000_000_000) }, nonce: { "0" }, commons: commons)
    return Connection(site) { _, _ in }
  }

  @Test func `gates on one server with one credential are counted until they leave`() throws {
    let (script, commons) = (ConnectionTests.Script([]), Commons())
    let gates = try (0..<3).map { _ in try connection(script, commons) }
    let other = try connection(script, commons, token: "two")
    let elsewhere = try connection(script, commons, host: "other.example.test")
    #expect(gates.map(\.gates) == [3, 3, 3])
    #expect(other.gates == 1 && elsewhere.gates == 1)
    gates[0].leave()
    gates[0].leave()
    #expect(gates[1].gates == 2)
  }

  @Test func `a budget is known to all that live on it, and to nobody else`() async throws {
    let limits = [
      Request.Pair("x-ratelimit-remaining", "7"), Request.Pair("x-ratelimit-reset", "1000000060"),
    ]
    let (script, commons) = (ConnectionTests.Script([ConnectionTests.ok("[1]", limits)]), Commons())
    let (one, two) = (try connection(script, commons), try connection(script, commons))
    let stranger = try connection(script, commons, token: "two")
    _ = try await one.get("/x", as: [Int].self)
    #expect(two.budget?.remaining == 7)
    #expect(stranger.budget == nil)
  }

  @Test func `a list that one gate has read costs the next one an unchanged answer`() async throws {
    let script = ConnectionTests.Script([
      ConnectionTests.ok("[1,2]", [Request.Pair("ETag", "\"a\"")]), Response(status: 304),
      ConnectionTests.ok("[3]"),
    ])
    let commons = Commons()
    let (one, two) = (try connection(script, commons), try connection(script, commons))
    _ = try await one.get("/runs", as: [Int].self)
    #expect(try await two.get("/runs", as: [Int].self) == [1, 2])
    #expect(two.requests.notModified == 1 && one.requests.notModified == 0)
    let stranger = try connection(script, commons, token: "two")
    #expect(try await stranger.get("/runs", as: [Int].self) == [3])
    #expect(script.requests.map { $0.header("if-none-match") } == [nil, "\"a\"", nil])
  }

  @Test func `the requests of a trigger are counted as changes, also when they fail`() async throws
  {
    let script = ConnectionTests.Script([
      ConnectionTests.ok("[1]"), ConnectionTests.ok("[1]"), Response(status: 502),
    ])
    let gate = try connection(script, Commons())
    _ = try await gate.get("/x", as: [Int].self)
    #expect(gate.requests.changes == 0)
    let post = Request(.post, gate.server, path: "/x")
    _ = try await gate.send(post)
    #expect(gate.requests.changes == 1)
    await #expect(throws: Failure.self) { try await gate.send(post) }
    await #expect(throws: Failure.self) { try await gate.get("/x", as: [Int].self) }
    #expect(gate.requests.changes == 2)
  }

  @Test func `gates that ask for the same at the same time share one request`() async throws {
    let (held, release) = AsyncStream.makeStream(of: Never.self)
    let script = ConnectionTests.Script([ConnectionTests.ok("[1,2]")], held: held)
    let commons = Commons()
    let gates = try (0..<50).map { _ in try connection(script, commons) }
    try await withThrowingTaskGroup { group in
      for gate in gates { group.addTask { try await gate.get("/runs", as: [Int].self) } }
      try await Task.sleep(for: .milliseconds(300))
      release.finish()
      for try await value in group { #expect(value == [1, 2]) }
    }
    #expect(script.requests.count == 1)
    #expect(gates.map(\.requests.total).reduce(0, +) == 1)
  }

  @Test(.timeLimit(.minutes(1)))
  func `of very many gates few are let in at once, first come, first served`() async throws {
    var ground = Commons.Ground()
    for _ in 0..<32 { #expect(ground.enter() == nil) }
    var line = (0..<4).map { _ in ground.enter() }
    #expect(line.allSatisfy { $0 != nil })
    // Who was interrupted waits for nothing any more.
    line[1] = nil
    for place in [0, 2, 3] {
      ground.exit()
      let turn = try #require(line[place])
      #expect(await turn.first { _ in true } != nil)
    }
    // Nobody is left in line, so the next place is free.
    ground.exit()
    #expect(ground.enter() == nil)
    #expect(ground.enter() != nil)
  }

  @Test func `a gate that is interrupted in line is not let in`() async throws {
    let (script, commons) = (ConnectionTests.Script([]), Commons())
    let gates = try (0..<33).map { _ in try connection(script, commons) }
    for gate in gates[..<32] { #expect(await gate.enter()) }
    let last = Task { await gates[32].enter() }
    last.cancel()
    #expect(await last.value == false)
  }

  @Test func `a request that hangs holds up nobody in line`() async throws {
    let (held, release) = AsyncStream.makeStream(of: Never.self)
    let (script, commons) = (
      ConnectionTests.Script([ConnectionTests.ok("[1]")], held: held), Commons()
    )
    let gates = try (0..<33).map { _ in try connection(script, commons) }
    for gate in gates[..<32] { #expect(await gate.enter()) }
    let last = Task { await gates[32].enter() }
    let hanging = Task { try await gates[0].get("/x", as: [Int].self) }
    #expect(await last.value)
    release.finish()
    #expect(try await hanging.value == [1])
  }

  @Test func `a gate that is interrupted takes no other's answer with it`() async throws {
    let (held, release) = AsyncStream.makeStream(of: Never.self)
    let script = ConnectionTests.Script([ConnectionTests.ok("[1]")], held: held)
    let commons = Commons()
    let (one, two) = (try connection(script, commons), try connection(script, commons))
    let first = Task { try await one.get("/runs", as: [Int].self) }
    while script.requests.isEmpty { await Task.yield() }
    let second = Task { try await two.get("/runs", as: [Int].self) }
    try await Task.sleep(for: .milliseconds(100))
    first.cancel()
    _ = await first.result
    release.finish()
    #expect(try await second.value == [1])
    #expect(script.requests.count == 2)
  }
}
