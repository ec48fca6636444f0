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
    /// Answers remembered at most; a vendor polls a handful of addresses.
    private static let remembered = 256

    /// The last good answer of one address, with what was read from it.
    struct Answer: Sendable {
      var tag: String?
      var response: Response
      var value: (any Sendable)?
    }

    subscript(url: String) -> Answer? { answers[url] }

    mutating func remember(_ response: Response, of url: String) {
      let tag = response.header("etag")
      if answers[url]?.response.body == response.body {
        answers[url]?.tag = tag
        return
      }
      if answers.count >= Self.remembered { answers.removeAll() }
      answers[url] = Answer(tag: tag, response: response)
    }

    mutating func remember(_ value: any Sendable, of url: String) { answers[url]?.value = value }
  }

  private let grounds = Mutex<[Place: Ground]>([:])

  public init() {}

  func on<Value: Sendable>(_ place: Place, _ body: (inout Ground) -> Value) -> Value {
    grounds.withLock { grounds in
      var ground = grounds[place] ?? Ground()
      let value = body(&ground)
      grounds[place] = ground
      return value
    }
  }
}
