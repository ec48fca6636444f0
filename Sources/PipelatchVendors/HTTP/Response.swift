public import PipelatchCore

/// One HTTP answer, whole.
public struct Response: Hashable, Sendable {
  public var status: Int
  public var headers: [Request.Pair]
  public var body: [UInt8]

  public init(status: Int, headers: [Request.Pair] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  public func header(_ name: String) -> String? {
    headers.first { $0.isNamed(name) }?.value
  }

  public var text: String { String(decoding: body, as: UTF8.self) }
}

/// What carries a request to its server: the network in the program, a tape or a fake in the tests.
public protocol Transport: Sendable {
  /// Waits until the request may go: many at once go one after the other. Throws where the wait was interrupted.
  func admit(_ request: Request) async throws(Failure)

  /// Sends once, follows nothing, keeps nothing. Throws `.unreachable`, or `.unreadable` for an answer over 32 MiB.
  func send(_ request: Request) async throws(Failure) -> Response
}

extension Transport {
  public func admit(_ request: Request) async throws(Failure) {}
}

/// A transport that can also hand over an answer while it is still being sent, for vendors that stream.
public protocol Streaming: Transport {
  /// The lines of a 200 answer as they come, without their ends and with the empty ones, until the server closes it.
  /// Ends by throwing a `Failure` for every other status. To stop reading ends the request; there is no time limit.
  func lines(_ request: Request) -> AsyncThrowingStream<String, any Error>
}
