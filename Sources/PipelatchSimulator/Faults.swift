public import FoundationEssentials
import Synchronization

/// A bad line to a simulated vendor. It spoils readings only, and none before something was started:
/// a trigger that gets lost is another story.
public final class Faults: Desk {
  public enum Fault: Hashable, Sendable {
    /// 502 with a proxy's page.
    case badGateway
    case reset
    /// 429 with `Retry-After: 1`.
    case throttled
  }

  /// Each spoils the first GET so many seconds or more after the first change, so that all of them happen.
  public static let flaky: [(after: Double, fault: Fault)] = [
    (0.5, .badGateway), (2, .reset), (3.5, .throttled), (5, .badGateway), (6, .reset),
  ]

  private let desk: any Desk
  private let plan: [(after: Double, fault: Fault)]
  private let now: @Sendable () -> Date
  private let state = Mutex((begin: Date?.none, done: 0))

  /// `begun` where nothing is started any more, so that the plan's time runs from now on.
  public init(
    before desk: any Desk, plan: [(after: Double, fault: Fault)] = flaky, speed: Double = 1,
    begun: Bool = false, now: @escaping @Sendable () -> Date
  ) {
    self.desk = desk
    self.plan = plan.map { ($0.after / speed, $0.fault) }
    self.now = now
    if begun { state.withLock { $0.begin = now() } }
  }

  public func answer(_ ask: Ask) async -> Answer {
    guard ask.method == "GET" else {
      let answer = await desk.answer(ask)
      state.withLock { $0.begin = $0.begin ?? now() }
      return answer
    }
    switch due() {
    case nil: return await desk.answer(ask)
    case .reset: return .reset
    case .badGateway:
      return Answer(
        502,
        html: "<html><head><title>502 Bad Gateway</title></head>"
          + "<body><center><h1>502 Bad Gateway</h1></center></body></html>\n")
    case .throttled:
      return Answer(
        429, json: ["message": "Too many requests"], headers: [("Retry-After", "1")])
    }
  }

  private func due() -> Fault? {
    state.withLock { state in
      guard let begin = state.begin, state.done < plan.count,
        now().timeIntervalSince(begin) >= plan[state.done].after
      else { return nil }
      state.done += 1
      return plan[state.done - 1].fault
    }
  }
}
