import PipelatchCore

extension Run {
  /// Run 7 of main, created as the clock starts.
  static func seven(_ state: State, _ change: (inout Run) -> Void = { _ in }) -> Run {
    var run = Run(id: "7", state: state)
    run.refs = ["main"]
    run.commits = ["0123456789abcdef0123456789abcdef01234567"]
    run.createdAt = FakeClock.start
    // A success that shows nothing is not believed.
    if state == .succeeded {
      run.stages = [Stage(name: "build", state: .succeeded, jobs: [.named("all", .succeeded)])]
    }
    change(&run)
    return run
  }

  static func seven(_ state: State, jobs: Job...) -> Run {
    seven(state) { $0.stages = [Stage(name: "build", state: state, jobs: jobs)] }
  }
}

extension Job {
  static func named(_ name: String, _ state: State, mayFail: Bool = false) -> Job {
    Job(id: "id-\(name)", name: name, state: state, mayFail: mayFail)
  }
}

extension Selector {
  static var newest: Selector {
    var selector = Selector()
    selector.latest = true
    return selector
  }

  static var seven: Selector {
    var selector = Selector()
    selector.run = "7"
    return selector
  }
}

extension Order {
  static var plain: Order { Order() }

  static var keyed: Order {
    var order = Order()
    order.key = "release-1"
    return order
  }

  static func ref(_ ref: String) -> Order {
    var order = Order()
    order.ref = ref
    return order
  }
}

extension Failure {
  static let down = Failure(.unreachable, "no answer")
  static let busy = Failure(.throttled, "too many requests", status: 429)
  static let garbled = Failure(.unreadable, "not JSON")
  static let refused = Failure(.refused, "bad token", status: 401)
  static let missing = Failure(.missing, "no such run", status: 404)
  static let never = Failure(.unreachable, "connection refused", mayHaveArrived: false)

  static func busy(for patience: Duration) -> Failure {
    Failure(.throttled, "too many requests", status: 429, retryAfter: patience)
  }
}

extension Answers<Run>.Answer {
  static func run(_ state: State) -> Self { .good(.seven(state)) }
}

extension Gate.Purpose {
  static let follow = Self.wait(.seven)
  static let inspect = Self.check(.seven)
  static let begin = Self.trigger(.plain)
}

extension Verdict {
  var state: State {
    switch self {
    case .succeeded: .succeeded
    case .failed: .failed
    case .canceled: .canceled
    case .timedOut: .timedOut
    case .skipped: .skipped
    }
  }
}
