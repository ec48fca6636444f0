import PipelatchCore
import Synchronization

/// What the gates of one process share: on one server, with one credential, they live on one budget and use one
/// another's answers.
public final class Commons: Sendable {
  struct Place: Hashable {
    var server: Server
    var credential: Credential
  }

  struct Ground: Sendable {
    /// Gates that still ask.
    var gates = 0
    var budget: Budget?
    private var answers: [String: Answer] = [:]
    /// Addresses that are being asked, and who waits for the answer with the one who asked.
    private var asked: [String: [Waiting]] = [:]
    /// Answers remembered at most; a gate polls a handful of addresses.
    private var most: Int { max(256, 8 * gates) }

    /// The last good answer of one address, with what was read from it.
    struct Answer: Sendable {
      var tag: String?
      var response: Response
      var value: (any Sendable)?
    }

    typealias Waiting = AsyncStream<Result<Response, Failure>>.Continuation

    /// The answer somebody else is waiting for already; nil where the caller is the one to ask, and then to `hand` it on.
    mutating func join(_ url: String) -> AsyncStream<Result<Response, Failure>>? {
      guard asked[url] != nil else {
        asked[url] = []
        return nil
      }
      let (stream, waiting) = AsyncStream.makeStream(of: Result<Response, Failure>.self)
      asked[url]?.append(waiting)
      return stream
    }

    /// Those who waited for it.
    mutating func hand(_ url: String) -> [Waiting] { asked.removeValue(forKey: url) ?? [] }

    subscript(url: String) -> Answer? { answers[url] }

    mutating func remember(_ response: Response, of url: String) {
      let tag = response.header("etag")
      if answers[url]?.response.repeats(response) == true {
        answers[url]?.tag = tag
        return
      }
      if answers.count >= most { answers.removeAll() }
      answers[url] = Answer(tag: tag, response: response)
    }

    mutating func remember(_ value: any Sendable, of url: String) { answers[url]?.value = value }
  }

  private let grounds = Mutex<[Place: Ground]>([:])

  public init() {}

  func on<Value: Sendable>(_ place: Place, _ body: (inout Ground) -> Value) -> Value {
    grounds.withLock { body(&$0[place, default: Ground()]) }
  }
}
