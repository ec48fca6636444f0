import PipelatchCore
import PipelatchVendors

/// The gates of one command, run together: one table, one exit code.
struct Latch: Sendable {
  var gates: [(target: String, gate: Gate)]
  /// The first success is enough.
  var any = false

  /// The outcomes in the order of the targets.
  func run() async -> [Outcome] {
    await withTaskGroup(of: (Int, Outcome).self) { group in
      for (index, entry) in gates.enumerated() {
        group.addTask { (index, await entry.gate.run()) }
      }
      var outcomes = [Outcome?](repeating: nil, count: gates.count)
      for await (index, outcome) in group {
        outcomes[index] = outcome
        if any, outcome.exitCode == .succeeded { group.cancelAll() }
      }
      return outcomes.compactMap { $0 }
    }
  }

  /// The code of the first target, in the order given, that did not succeed; with `any`, 0 where one did.
  func code(of outcomes: [Outcome]) -> PipelatchCore.ExitCode {
    guard outcomes.count == gates.count, !outcomes.isEmpty else { return .fault }
    if any, outcomes.contains(where: { $0.exitCode == .succeeded }) { return .succeeded }
    return outcomes.first { $0.exitCode != .succeeded }?.exitCode ?? .succeeded
  }
}
