import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// HTTP/1.1 on a free port of 127.0.0.1, with a desk that answers.
public final class LoopbackServer: Sendable {
  private typealias Client = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>
  private typealias Writer = NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>

  public let port: Int
  private let desk: any Desk
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let counts = Mutex<[String: Int]>([:])
  private let serving = Mutex<Task<Void, Never>?>(nil)

  /// Throws what the network throws when no port can be had.
  public init(_ desk: any Desk) async throws {
    self.desk = desk
    let listener = try await ServerBootstrap(group: group)
      .bind(host: "127.0.0.1", port: 0) { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withPipeliningAssistance: false)
          return try Client(wrappingChannelSynchronously: channel)
        }
      }
    port = listener.channel.localAddress?.port ?? 0
    let task = Task { await listen(listener) }
    serving.withLock { $0 = task }
  }

  public var address: String { "http://127.0.0.1:\(port)" }

  /// How often each was asked, by method and path such as `GET /runs/1`.
  public var tally: [String: Int] { counts.withLock { $0 } }

  /// Ends every connection, and with it the answers under way.
  public func close() async {
    let task = serving.withLock { serving in
      defer { serving = nil }
      return serving
    }
    guard let task else { return }
    task.cancel()
    await task.value
    try? await group.shutdownGracefully()
  }

  private func listen(_ listener: NIOAsyncChannel<Client, Never>) async {
    await withDiscardingTaskGroup { clients in
      // A listener that breaks leaves its clients to themselves, and they report it.
      try? await listener.executeThenClose { inbound in
        for try await client in inbound {
          clients.addTask { await self.serve(client) }
        }
      }
    }
  }

  private func serve(_ client: Client) async {
    // A client that goes away in the middle is no fault of this side.
    try? await client.executeThenClose { inbound, outbound in
      var head: HTTPRequestHead?
      var body: [UInt8] = []
      for try await part in inbound {
        switch part {
        case .head(let next): (head, body) = (next, [])
        case .body(let buffer): body += buffer.readableBytesView
        case .end:
          guard let head else { return }
          let answer = await answer(head, body)
          try await Task.sleep(for: answer.delay)
          if answer.resets { return try await reset(client.channel) }
          try await write(answer, to: outbound)
          if !head.isKeepAlive { return }
        }
      }
    }
  }

  private func answer(_ head: HTTPRequestHead, _ body: [UInt8]) async -> Answer {
    let headers = head.headers.map { (name: $0.name, value: $0.value) }
    let ask = Ask(head.method.rawValue, head.uri, headers: headers, body: body)
    counts.withLock { $0["\(ask.method) \(ask.path)", default: 0] += 1 }
    return await desk.answer(ask)
  }

  private func write(_ answer: Answer, to outbound: Writer) async throws {
    var headers = HTTPHeaders(answer.headers.map { ($0.name, $0.value) })
    headers.replaceOrAdd(name: "Date", value: Date().inHTTP)
    let status = HTTPResponseStatus(statusCode: answer.status)
    if status.mayHaveResponseBody {
      headers.replaceOrAdd(name: "Content-Length", value: String(answer.body.count))
    }
    try await outbound.write(
      .head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)))
    if status.mayHaveResponseBody {
      try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: answer.body))))
    }
    try await outbound.write(.end(nil))
  }

  /// A lingering time of zero makes the kernel send a reset instead of an orderly end.
  private func reset(_ channel: any Channel) async throws {
    if let socket = channel as? any SocketOptionProvider {
      try await socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
    }
    try await channel.close()
  }
}
