import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOHTTPCompression
import NIOSSL
import PipelatchCore
import PipelatchVendors
import Synchronization

/// The network: one client for each host, and what AsyncHTTPClient leaves open, closed.
final class Network: Transport {
  /// Bytes of an answer's body at most.
  static let mostBytes = 32 << 20
  /// How long one exchange may take, head and body together.
  private static let patience = Duration.seconds(30)
  /// Even at the end of a wait a request gets this long.
  private static let leastPatience = Duration.seconds(2)

  private let settings: NetworkSettings
  private let loop: Loop
  private let clients = Mutex<[String: HTTPClient]>([:])
  private let turnstiles = Mutex<[String: Turnstile]>([:])
  private let begun = ContinuousClock.now
  private let deadline: @Sendable () -> Duration?

  /// `deadline` gives the time left of the whole wait, where there is one.
  init(
    _ settings: NetworkSettings, on loop: Loop,
    deadline: @escaping @Sendable () -> Duration? = { nil }
  ) {
    self.settings = settings
    self.loop = loop
    self.deadline = deadline
  }

  func send(_ request: Request) async throws(Failure) -> Response {
    let client = try client(for: request.server)
    let left = deadline() ?? Self.patience
    let limit = min(max(left, Self.leastPatience), Self.patience)
    let answer = await race(limit) { await Self.exchange(request, client) }
    return try answer.get()
  }

  func admit(_ request: Request) async throws(Failure) {
    let now = ContinuousClock.now - begun
    let wait = turnstiles.withLock { turnstiles in
      turnstiles[request.server.origin, default: Turnstile()].pass(at: now)
    }
    if wait <= .zero { return }
    do {
      try await loop.sleep(for: wait)
    } catch {
      throw NetworkFault.unsent("the request was interrupted before it was sent")
    }
  }

  /// Begins to end every connection; called once, before the program exits, which does not wait for the servers' farewells.
  func close() async {
    let all = clients.withLock { clients in
      defer { clients = [:] }
      return Array(clients.values)
    }
    Task(executorPreference: loop) {
      for client in all { try? await client.shutdown() }
    }
    // The exit comes on the loop's own thread, so nothing would begin without a turn of its own.
    await Task.yield()
  }

  /// AsyncHTTPClient's own deadline ends with the head of the answer; this one covers the body too.
  private func race(
    _ limit: Duration, _ work: @escaping @Sendable () async -> Result<Response, Failure>
  ) async -> Result<Response, Failure> {
    await withTaskGroup(of: Result<Response, Failure>?.self) { group in
      group.addTask { await work() }
      group.addTask {
        try? await self.loop.sleep(for: limit)
        return nil
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first
        ?? .failure(Failure(.unreachable, "the server did not answer within \(limit.words)"))
    }
  }

  private static func exchange(
    _ request: Request, _ client: HTTPClient
  ) async -> Result<Response, Failure> {
    do {
      let answer = try await client.execute(message(request), timeout: .seconds(60))
      let body = try await answer.body.collect(upTo: mostBytes)
      return .success(
        Response(
          status: Int(answer.status.code),
          headers: answer.headers.map { Request.Pair($0.name, $0.value) },
          body: Array(buffer: body)))
    } catch {
      return .failure(failure(error, of: request))
    }
  }

  private static func message(_ request: Request) -> HTTPClientRequest {
    var message = HTTPClientRequest(url: request.url)
    message.method = HTTPMethod(rawValue: request.method.rawValue)
    message.headers.add(name: "User-Agent", value: "pipelatch/\(version)")
    for header in request.headers {
      message.headers.replaceOrAdd(name: header.name, value: header.value)
    }
    if request.method != .get { message.body = .bytes(ByteBuffer(bytes: request.body)) }
    return message
  }

  private static func failure(_ error: any Error, of request: Request) -> Failure {
    if let failure = error as? Failure { return failure }
    if error is NIOHTTPDecompression.DecompressionError {
      let broken = Failure(.unreadable, "the answer cannot be unpacked, or is larger than 32 MiB")
      return NetworkFault.failure(error, of: request, known: broken)
    }
    let known = (error as? HTTPClientError).map { name($0, request.server) }
    return NetworkFault.failure(error, of: request, known: known)
  }

  /// A stream may be silent for hours, so it has a client that knows no limit between two pieces.
  private func client(for server: Server, silent: Bool = false) throws(Failure) -> HTTPClient {
    let key = silent ? "\(server.origin) silent" : server.origin
    let known = clients.withLock { $0[key] }
    if let known { return known }
    var configuration = try configuration(for: server)
    if silent { configuration.timeout.read = nil }
    return clients.withLock { clients in
      if let known = clients[key] { return known }
      let client = HTTPClient(
        eventLoopGroupProvider: .shared(loop.group), configuration: configuration)
      clients[key] = client
      return client
    }
  }

  private func configuration(for server: Server) throws(Failure) -> HTTPClient.Configuration {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    if server.scheme == "https" { try settings.trust(into: &tls) }
    var configuration = HTTPClient.Configuration(
      tlsConfiguration: tls, redirectConfiguration: .disallow,
      timeout: .init(connect: .seconds(10), read: .seconds(30)),
      decompression: .enabled(limit: .size(Self.mostBytes)))
    configuration.connectionPool.retryConnectionEstablishment = false
    // What nobody records would be written down for each request all the same.
    configuration.tracing.tracer = nil
    if let proxy = try settings.proxies.proxy(for: server) {
      configuration.proxy = .server(
        host: proxy.host, port: proxy.port,
        authorization: proxy.user.map {
          .basic(username: $0, password: proxy.password?.revealed() ?? "")
        })
    }
    if server.scheme == "https" {
      let check = PeerName(host: server.host)
      configuration.http1_1ConnectionDebugInitializer = { check.verify($0) }
      configuration.http2ConnectionDebugInitializer = { check.verify($0) }
    }
    return configuration
  }

  /// What AsyncHTTPClient's errors mean.
  private static func name(_ error: HTTPClientError, _ server: Server) -> Failure {
    switch error {
    case .connectTimeout:
      return NetworkFault.unsent("\(server.authority) does not take the connection within 10 s")
    case .tlsHandshakeTimeout:
      return NetworkFault.unsent("\(server.authority) does not finish the TLS handshake")
    case .httpProxyHandshakeTimeout, .invalidProxyResponse, .socksHandshakeTimeout:
      return NetworkFault.unsent(
        "the proxy does not open a way to \(server.authority)",
        remedy: "Check HTTPS_PROXY, or name the host in NO_PROXY")
    case .proxyAuthenticationRequired:
      return NetworkFault.unsent(
        "the proxy asks for credentials",
        remedy: "Put them into HTTPS_PROXY as http://USER:PASSWORD@HOST:PORT")
    case .getConnectionFromPoolTimeout:
      return NetworkFault.unsent("no connection to \(server.authority) was free")
    case .remoteConnectionClosed:
      return NetworkFault.lost("\(server.authority) closed the connection without an answer")
    case .readTimeout, .deadlineExceeded:
      return NetworkFault.lost("\(server.authority) does not answer")
    case .uncleanShutdown: return NetworkFault.lost("\(server.authority) broke off its answer")
    case .cancelled: return NetworkFault.lost("the request was interrupted")
    default:
      return NetworkFault.lost(
        "the exchange with \(server.authority) broke: \(error.shortDescription)")
    }
  }
}

extension Network: Streaming {
  /// Bytes of one line at most.
  private static let mostOfALine = 1 << 20

  func lines(_ request: Request) -> AsyncThrowingStream<String, any Error> {
    AsyncThrowingStream { stream in
      let task = Task(executorPreference: loop) {
        do {
          try await self.read(request) { stream.yield($0) }
          stream.finish()
        } catch {
          stream.finish(throwing: Self.failure(error, of: request))
        }
      }
      stream.onTermination = { _ in task.cancel() }
    }
  }

  private func read(_ request: Request, line told: (String) -> Void) async throws {
    let client = try client(for: request.server, silent: true)
    let answer = try await client.execute(Self.message(request), deadline: .distantFuture)
    guard answer.status == .ok else {
      throw Failure(
        .unreadable, "the server opens no stream, HTTP \(answer.status.code)",
        address: request.address, status: Int(answer.status.code))
    }
    var line: [UInt8] = []
    for try await piece in answer.body {
      for byte in piece.readableBytesView {
        if byte != UInt8(ascii: "\n") {
          line.append(byte)
          continue
        }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        told(String(decoding: line, as: UTF8.self))
        line = []
      }
      if line.count > Self.mostOfALine {
        throw Failure(
          .unreadable, "the stream has a line larger than 1 MiB", address: request.address)
      }
    }
  }
}
