import Foundation
import PipelatchCore
import PipelatchVendors
import Testing

/// Spoils every vendor's answers by the thousand: nothing but the vendor's word for success, in the answer for the run that
/// was asked for, may come out as a success, and nothing may crash.
///
/// `PIPELATCH_MUTATIONS=10000` spoils so many for each vendor. `PIPELATCH_FUZZ_SECONDS=60` goes on for so long with a
/// seed of its own, or from trial `PIPELATCH_FUZZ_FROM` on, and `PIPELATCH_TRIAL=NUMBER` repeats one trial.
struct MutationTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let count = environment["PIPELATCH_MUTATIONS"].flatMap { Int($0) } ?? 400
  private static let seconds = environment["PIPELATCH_FUZZ_SECONDS"].flatMap { Double($0) }
  private static let from = environment["PIPELATCH_FUZZ_FROM"].flatMap { Int($0) }
  private static let only = environment["PIPELATCH_TRIAL"].flatMap { Int($0) }

  @Test(arguments: vendors.map { $0.card.name })
  func `no spoiled answer comes out as a success`(name: String) async throws {
    let spoiling = try await Spoiling(name)
    var faults: [String] = []
    for number in Self.only.map({ $0...$0 }) ?? 0...Self.count where faults.count < 20 {
      if let fault = await spoiling.trial(number) { faults.append(fault) }
    }
    #expect(faults == [])
  }

  @Test(arguments: vendors.map { $0.card.name })
  func `a success says what it hangs on and falls with each of it`(name: String) async throws {
    let spoiling = try await Spoiling(name)
    let words = try vendor(named: name).vocabularies.flatMap { vocabulary in
      vocabulary.words.filter { $0.value == .succeeded }.keys
    }
    #expect(!spoiling.successes.isEmpty)
    for tape in spoiling.successes {
      let values = tape.hinges.map { hinge in
        Tree(tape.exchanges[hinge.exchange].response.text)?[hinge.path] ?? "?"
      }
      #expect(
        !values.contains("?") && values.contains(where: words.contains),
        """
        \(tape.testDescription): write '# hangs-on: 1.STATUS 1.ID' into its head, the fields of its \
        answers that say that it succeeded and what. They hold \(values)
        """)
      let faults = await spoiling.exhaust(tape)
      #expect(faults == [])
    }
  }

  @Test(.enabled(if: seconds != nil), arguments: vendors.map { $0.card.name })
  func `nothing that chance makes of an answer is a success or a crash`(name: String) async throws {
    let spoiling = try await Spoiling(name)
    let end = Date.now.addingTimeInterval(Self.seconds ?? 0)
    // The number of the trial under way outlives a crash.
    let trail = FileManager.default.temporaryDirectory.appendingPathComponent("fuzz-\(name)")
    let first = Self.from ?? Int.random(in: 1_000_000..<1_000_000_000)
    var number = first
    var faults: [String] = []
    while Date.now < end, faults.count < 20 {
      try Data("PIPELATCH_TRIAL=\(number)\n".utf8).write(to: trail)
      if let fault = await spoiling.trial(number) { faults.append(fault) }
      number += 1
    }
    print("\(name): \(number - first) answers spoiled, from \(first) on")
    #expect(faults == [])
  }
}
