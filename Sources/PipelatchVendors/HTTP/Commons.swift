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
    /// Answers remembered at most; a gate polls a handful of addresses.
    private var most: Int { max(256, 8 * gates) }

    /// The last good answer of one address, with what was read from it.
    struct Answer: Sendable {
      var tag: String?
      var response: Response
      var value: (any Sendable)?
    }

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
