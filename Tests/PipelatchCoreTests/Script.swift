import PipelatchCore
import Synchronization

/// What a fake vendor answers, in the order written down; everything else it refuses, saying what to add.
final class Script: Sendable {
  enum Call: Hashable, Sendable {
    case find(Selector)
    case look(String)
    case start(Order)
    case marked(String)
    case cancel(String)
    case log(String)
    case durations
    case advance(String)
    case change
  }

  struct Entry: Hashable, Sendable {
    var call: Call
    var at: Duration
  }

  struct Lines: Sendable {
    var find: Answers<Found?> = []
    var look: Answers<Run> = []
    var start: Answers<Found> = []
    var marked: Answers<Found?> = []
    var cancel: Answers<Nothing> = []
    var log: Answers<[String]> = []
    var durations: Answers<[Duration]> = []
    var advance: Answers<Nothing> = []
    var change: Answers<Nothing> = []
  }

  let clock: FakeClock
  let meter: FakeMeter
  private let lines: Mutex<Lines>
  private let entries = Mutex<[Entry]>([])
  private let before: @Sendable (Call) async -> Void

  init(
    _ lines: Lines, clock: FakeClock, meter: FakeMeter,
    before: @escaping @Sendable (Call) async -> Void
  ) {
    self.lines = Mutex(lines)
    self.clock = clock
    self.meter = meter
    self.before = before
  }

  var calls: [Entry] { entries.withLock { $0 } }

  func answer<Value>(
    _ call: Call, _ line: WritableKeyPath<Lines, Answers<Value>>
  ) async throws(Failure) -> Value {
    entries.withLock { $0.append(Entry(call: call, at: clock.elapsed)) }
    await before(call)
    let answer = lines.withLock { $0[keyPath: line].take() }
    guard let answer else {
      throw Failure(
        .fault, "the script has no answer to \(call)",
        remedy: "Add one to \(String(describing: line)) in the test")
    }
    if let slow = answer.takes { clock.pass(slow) }
    meter.count(answer, changing: call.changes)
    return try answer.result.get()
  }
}

extension Script.Call {
  var isFind: Bool { if case .find = self { true } else { false } }
  var isLook: Bool { if case .look = self { true } else { false } }
  var isStart: Bool { if case .start = self { true } else { false } }
  var isMarked: Bool { if case .marked = self { true } else { false } }
  var isCancel: Bool { if case .cancel = self { true } else { false } }
  var isLog: Bool { if case .log = self { true } else { false } }
  var isAdvance: Bool { if case .advance = self { true } else { false } }

  var changes: Bool {
    switch self {
    case .start, .cancel, .advance: true
    default: false
    }
  }
}

struct Nothing: Hashable, Sendable {}

/// Answers to one kind of call: a queue, and perhaps one that repeats for ever after it.
struct Answers<Value: Sendable>: Sendable, ExpressibleByArrayLiteral {
  struct Answer: Sendable {
    var result: Result<Value, Failure>
    /// How long the vendor takes over it.
    var takes: Duration?
    /// Changing requests counted by the meter in place of what the result implies.
    var changes: Int?

    static func good(_ value: Value, takes: Duration? = nil) -> Answer {
      Answer(result: .success(value), takes: takes)
    }

    static func bad(_ failure: Failure, takes: Duration? = nil, changes: Int? = nil) -> Answer {
      Answer(result: .failure(failure), takes: takes, changes: changes)
    }
  }

  private var queue: [Answer]
  private var forever: Answer?

  init(_ queue: [Answer], forever: Answer? = nil) {
    self.queue = queue
    self.forever = forever
  }

  init(arrayLiteral elements: Answer...) { self.init(elements) }

  static func always(_ answer: Answer) -> Answers { Answers([], forever: answer) }

  func then(always answer: Answer) -> Answers { Answers(queue, forever: answer) }

  mutating func take() -> Answer? { queue.isEmpty ? forever : queue.removeFirst() }
}

/// Counts as the connection does.
final class FakeMeter: Meter {
  private let counted = Mutex(Requests())
  let skew: Duration?
  private let left: Mutex<Budget?>
  private let within = Mutex((now: 0, answers: [Int]()))
  let gates: Int

  init(skew: Duration? = nil, budget: Budget? = nil, gates: Int = 1) {
    self.skew = skew
    left = Mutex(budget)
    self.gates = gates
  }

  /// Gates that are let in, and how many were at each answer.
  var inside: (now: Int, answers: [Int]) { within.withLock { $0 } }

  func enter() async -> Bool {
    within.withLock { $0.now += 1 }
    return true
  }

  func exit() { within.withLock { $0.now -= 1 } }

  var requests: Requests { counted.withLock { $0 } }
  var budget: Budget? { left.withLock { $0 } }

  func count<Value>(_ answer: Answers<Value>.Answer, changing: Bool) {
    within.withLock { $0.answers.append($0.now) }
    counted.withLock { requests in
      requests.total += 1
      var arrived = true
      if case .failure(let failure) = answer.result {
        requests.failed += 1
        arrived = failure.mayHaveArrived
      }
      requests.changes += answer.changes ?? (changing && arrived ? 1 : 0)
    }
    left.withLock { if let most = $0?.remaining { $0?.remaining = max(0, most - 1) } }
  }
}
