import PipelatchCore
import PipelatchVendors
import Synchronization

/// Answers from a tape of which some are spoiled, in whatever order they are asked for.
final class SpoiledTape: Transport {
  /// Requests that no vendor needs for one call.
  private static let most = 300
  private let exchanges: [Tape.Exchange]
  private let answers: [Response]
  private let served = Mutex<[Int: Int]>([:])
  private let count = Mutex(0)

  init(_ tape: Tape, answers: [Response]) {
    exchanges = tape.exchanges
    self.answers = answers
  }

  /// Whether somebody asked on and on.
  var isEndless: Bool { count.withLock { $0 > Self.most } }

  func send(_ request: Request) async throws(Failure) -> Response {
    let sent = count.withLock { count in
      count += 1
      return count
    }
    if sent > Self.most { throw Failure(.fault, "asked on and on") }
    let places = exchanges.indices.filter {
      exchanges[$0].method == request.method.rawValue && exchanges[$0].target == request.target
    }
    guard let first = places.first else { return Response(status: 404, body: Array("{}".utf8)) }
    // Asked again, the same request gets the next answer to it, and the last one for good.
    let turn = served.withLock { served in
      defer { served[first, default: 0] += 1 }
      return served[first, default: 0]
    }
    return answers[places[min(turn, places.count - 1)]]
  }
}

extension Tape.Exchange {
  var response: Response {
    Response(
      status: status, headers: answerHeaders.map { Request.Pair($0.name, $0.value) },
      body: Array(answer.joined(separator: "\n").utf8))
  }
}
