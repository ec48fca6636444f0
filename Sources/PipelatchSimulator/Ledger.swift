public import FoundationEssentials
import Synchronization

/// The runs of one simulated pipeline: a few finished ones, and those started since.
public final class Ledger: Sendable {
  public struct Entry: Sendable {
    /// Counts the pipeline's runs.
    public var number: Int
    public var createdAt: Date
    public var script: Script
    public var ref: String
    /// 40 hexadecimal digits.
    public var commit: String
    /// Variables, inputs or parameters it was started with.
    public var inputs: [String: String]
    /// Whatever else its vendor remembers of its start.
    public var order: JSON

    /// Seconds after the start as a moment.
    public func moment(_ offset: Double) -> Date { createdAt.addingTimeInterval(offset) }
  }

  private static let before = 4
  private let script: Script
  private let now: @Sendable () -> Date
  private let entries: Mutex<[Entry]>

  /// `speed` is how many times as fast as their scripts the runs go.
  public init(
    _ scenario: Scenario, speed: Double = 1, ref: String = "main",
    now: @escaping @Sendable () -> Date
  ) {
    script = Script.of(scenario).faster(by: speed)
    self.now = now
    // Past runs went well, so that there is a usual duration to learn from.
    let past = Script.of(scenario == .approval ? .approval : .success).faster(by: speed)
    let begin = now()
    entries = Mutex(
      (1...Self.before).map { number in
        Entry(
          number: number,
          createdAt: begin.addingTimeInterval(Double(number - Self.before - 1) * 3600),
          script: past, ref: ref, commit: Self.commit(number), inputs: [:], order: .null)
      })
  }

  /// Starts a run by the scenario's script.
  public func start(
    ref: String = "main", inputs: [String: String] = [:], order: JSON = .null
  ) -> Entry {
    entries.withLock { entries in
      let number = entries.count + 1
      let entry = Entry(
        number: number, createdAt: now(), script: script, ref: ref, commit: Self.commit(number),
        inputs: inputs, order: order)
      entries.append(entry)
      return entry
    }
  }

  public subscript(number: Int) -> Entry? {
    entries.withLock { entries in entries.first { $0.number == number } }
  }

  public var newestFirst: [Entry] { entries.withLock { $0.reversed() } }

  /// How the run stands now.
  public func snapshot(_ entry: Entry) -> Snapshot {
    entry.script.snapshot(at: now().timeIntervalSince(entry.createdAt))
  }

  /// False where there is no such run or it has ended.
  public func cancel(_ number: Int) -> Bool { change(number) { $0.canceled(at: $1) } }

  /// False where the run waits at no gate.
  public func approve(_ number: Int) -> Bool { change(number) { $0.approved(at: $1) } }

  /// False where the run waits at no gate.
  public func refuse(_ number: Int) -> Bool { change(number) { $0.refused(at: $1) } }

  /// Rewrites the rest of a run's script from the seconds that have passed; false where there is nothing to rewrite.
  public func change(_ number: Int, _ rewrite: (Script, Double) -> Script?) -> Bool {
    entries.withLock { entries in
      guard let index = entries.firstIndex(where: { $0.number == number }),
        let script = rewrite(
          entries[index].script, now().timeIntervalSince(entries[index].createdAt))
      else { return false }
      entries[index].script = script
      return true
    }
  }

  private static func commit(_ number: Int) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "c0ffee", count: 6) + String(repeating: "0", count: 4 - digits.count)
      + digits
  }
}
