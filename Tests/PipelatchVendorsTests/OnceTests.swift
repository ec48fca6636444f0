import PipelatchCore
import PipelatchVendors
import Synchronization
import Testing

/// The request that starts a run, at every vendor that can start one.
struct OnceTests {
  /// What may become of an answer, so that nobody knows whether a run was started.
  enum Loss: CaseIterable, Sendable {
    case reset, badGateway, empty, cutOff, html, noId, unavailable, moved, null

    func answer() throws(Failure) -> Response {
      switch self {
      case .reset: throw Failure(.unreachable, "reset")
      case .badGateway: Response(status: 502, body: Array("<html>".utf8))
      case .empty: Response(status: 200, body: [])
      case .cutOff: Response(status: 200, body: Array("{\"i".utf8))
      case .html: Response(status: 200, body: Array("<html>".utf8))
      case .noId: Response(status: 200, body: Array("{}".utf8))
      case .unavailable: Response(status: 503, body: Array("{}".utf8))
      case .moved: Response(status: 307, headers: [Request.Pair("location", "/x")], body: [])
      case .null: Response(status: 200, body: Array("null".utf8))
      }
    }
  }

  static let starts = Tape.all.filter { tape in
    tape["ask"]?.hasPrefix("start") == true && tape.exchanges.contains { $0.method != "GET" }
  }

  @Test(arguments: starts, Loss.allCases)
  func `a start sends what starts a run once, whatever answers it`(
    tape: Tape, loss: Loss
  ) async throws {
    let changes = tape.exchanges.indices.filter { tape.exchanges[$0].method != "GET" }
    for (count, place) in changes.enumerated() {
      let line = LossyTape(tape, losing: place, loss)
      _ = try? await TapeTests.play(tape, on: line)
      #expect(line.changes == count + 1, "\(tape.testDescription), answer \(place + 1)")
    }
  }
}

/// A tape of which one answer is lost.
private final class LossyTape: Transport {
  private struct Course {
    var place = 0
    var changes = 0
  }

  private let tape: Tape
  private let lost: Int
  private let loss: OnceTests.Loss
  private let course = Mutex(Course())

  init(_ tape: Tape, losing lost: Int, _ loss: OnceTests.Loss) {
    self.tape = tape
    self.lost = lost
    self.loss = loss
  }

  /// Requests so far that change something.
  var changes: Int { course.withLock { $0.changes } }

  func send(_ request: Request) async throws(Failure) -> Response {
    let place = course.withLock { course -> Int? in
      if request.method != .get { course.changes += 1 }
      let rest = tape.exchanges.indices.dropFirst(course.place)
      let found = rest.first {
        tape.exchanges[$0].method == request.method.rawValue
          && tape.exchanges[$0].target == request.target
      }
      course.place = found.map { $0 + 1 } ?? course.place
      return found
    }
    guard let place else { return Response(status: 404, body: Array("{}".utf8)) }
    return place == lost ? try loss.answer() : tape.exchanges[place].response
  }
}
