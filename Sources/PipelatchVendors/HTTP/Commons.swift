import PipelatchCore
import Synchronization

/// What the gates of one process share: on one server, with one credential, they live on one budget and use one
/// another's answers.
public final class Commons: Sendable {
  struct Place: Hashable {
    var server: Server
    var credential: Credential
  }

  /// Where something is read, and what is made of it.
  struct Address: Hashable {
    var url: String
    var type: ObjectIdentifier
  }

  struct Ground: Sendable {
    /// Gates that wait at once for their request to go: a look holds twice the memory of a rest.
    private static let mostInside = 32
    /// Gates that still ask.
    var gates = 0
    private var inside = 0
    /// Gates that wait to be let in, first come, first served.
    private var line: [AsyncStream<Void>.Continuation] = []
    var budget: Budget?
    private var readings: [Address: Reading] = [:]
    /// Addresses that are being read, and who waits for the reading with the one who asked.
    private var asked: [Address: [Waiting]] = [:]
    /// Readings remembered at most; a gate polls a handful of addresses.
    private var most: Int { max(256, 8 * gates) }

    typealias Waiting = AsyncStream<Result<Reading, Failure>>.Continuation

    /// Nil where the gate is let in now; else it is once something comes.
    mutating func enter() -> AsyncStream<Void>? {
      if inside < Self.mostInside {
        inside += 1
        return nil
      }
      let (turn, call) = AsyncStream.makeStream(of: Void.self)
      line.append(call)
      return turn
    }

    /// Gives the place to the next in line who still waits.
    mutating func exit() {
      while !line.isEmpty {
        if case .enqueued = line.removeFirst().yield() { return }
      }
      inside -= 1
    }

    /// The reading somebody else is waiting for already; nil where the caller is the one to ask, and then to `hand` it on.
    mutating func join(_ address: Address) -> AsyncStream<Result<Reading, Failure>>? {
      guard asked[address] != nil else {
        asked[address] = []
        return nil
      }
      let (stream, waiting) = AsyncStream.makeStream(of: Result<Reading, Failure>.self)
      asked[address]?.append(waiting)
      return stream
    }

    /// Those who waited for it.
    mutating func hand(_ address: Address) -> [Waiting] {
      asked.removeValue(forKey: address) ?? []
    }

    subscript(address: Address) -> Reading? {
      get { readings[address] }
      set {
        if readings.count >= most, readings[address] == nil { readings.removeAll() }
        readings[address] = newValue
      }
    }
  }

  private let grounds = Mutex<[Place: Ground]>([:])

  public init() {}

  func on<Value: Sendable>(_ place: Place, _ body: (inout Ground) -> Value) -> Value {
    grounds.withLock { body(&$0[place, default: Ground()]) }
  }
}
