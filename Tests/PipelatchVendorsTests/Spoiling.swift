import Foundation
import PipelatchCore
import PipelatchVendors

/// One vendor's tapes, spoiled one after the other, and what must never come of it.
///
/// Whether a success may still be told is judged from the answers alone, by the fields that the tape itself names in its
/// `# hangs-on:` lines. No code of the vendor's is asked.
struct Spoiling {
  /// An answer that may stand in for another.
  private struct Donor {
    var response: Response
    var tape: Tape
    var exchange: Int
  }

  /// What one call came to.
  private enum Yield {
    case success
    case handle(String)
    case nothing
  }

  let tapes: [Tape]
  /// Those that come to a success when nothing is spoiled.
  private(set) var successes: [Tape] = []
  private let donors: [Donor]
  /// The vendor's words for success, and all its others.
  private let good: Set<String>
  private let bad: [String]

  init(_ name: String) async throws {
    tapes = Tape.of(name).filter { !$0.exchanges.isEmpty }
    let all = tapes + (vendors.first { $0.card.name != name }.map { Tape.of($0.card.name) } ?? [])
    donors = all.flatMap { tape in
      tape.exchanges.enumerated().map {
        Donor(response: $0.element.response, tape: tape, exchange: $0.offset)
      }
    }
    let words = try vendor(named: name).vocabularies.flatMap { $0.words.map { ($0.key, $0.value) } }
    good = Set(words.filter { $0.1 == .succeeded }.map(\.0))
    bad = Set(words.map(\.0)).subtracting(good).sorted()
    for tape in tapes {
      let transport = SpoiledTape(tape, answers: tape.exchanges.map(\.response))
      if case .success = await play(tape, on: transport) { successes.append(tape) }
    }
  }

  /// What went wrong in the trial of this number, or nil.
  func trial(_ number: Int) async -> String? {
    let tape = tapes[number % tapes.count]
    var chance = SplitMix64(tape.testDescription, number)
    let place = Int.random(in: 0..<tape.exchanges.count, using: &chance)
    let donor = donors.randomElement(using: &chance)!
    let hangs = !tape.hinges.isEmpty
    var mutator = Mutator(chance: chance, words: bad, good: hangs ? [] : good)
    var answers = tape.exchanges.map(\.response)
    var name: String
    (name, answers[place]) = mutator.spoil(answers[place], donors: [donor.response])
    let isJudged: Bool
    switch name {
    case _ where hangs: isJudged = true
    // What speaks against a run that is called a success may get lost without a trace.
    case _ where place > 0 && says(good, answers[0]): isJudged = false
    case "another answer":
      isJudged = tape.exchanges.count == 1 && isForeign(donor, to: tape)
    // Another order of a list may make another run the newest.
    case _ where tape["ask"]?.hasPrefix("find") == true && tape.exchanges.count > 1:
      isJudged = false
    case _ where tape["ask"]?.hasPrefix("find") == true:
      isJudged =
        ["null at", "renamed", "huge", "truncated", "status"]
        .contains(where: name.hasPrefix) || !tape.exchanges.contains { says(good, $0.response) }
    case "bytes": isJudged = !tape.exchanges.contains { says(good, $0.response) }
    default: isJudged = true
    }
    if name == "another answer" { name += " of \(donor.tape.name)" }
    if name == "bytes" { name += " \(answers[place].text.debugDescription.prefix(2000))" }
    return await verdict(on: tape, answers, isJudged, "#\(number), answer \(place + 1): \(name)")
  }

  /// Spoils every field that a success hangs on in every way, and returns what went wrong.
  func exhaust(_ tape: Tape) async -> [String] {
    let answers = tape.exchanges.map(\.response)
    var faults: [String] = []
    for hinge in tape.hinges {
      guard let whole = Tree(answers[hinge.exchange].text), let place = whole.place(of: hinge.path)
      else { continue }
      let raw = whole[place[...]].text
      for other in Mutator.strangers + Mutator.alike(raw) + bad.map({ "\"\($0)\"" }) + [raw] {
        for form in Mutator.Form.allCases {
          if form == .replaced ? other == raw : ![raw, "null"].contains(other) { continue }
          var (tree, answers) = (whole, answers)
          tree.replace(place, by: .leaf(other), form)
          answers[hinge.exchange].body = Array(tree.text.utf8)
          let name = "\(hinge.path.joined(separator: ".")) \(form) \(other)"
          if let fault = await verdict(on: tape, answers, true, name) { faults.append(fault) }
        }
      }
    }
    return faults
  }

  private func verdict(
    on tape: Tape, _ answers: [Response], _ isJudged: Bool, _ name: String
  ) async -> String? {
    // Nothing here ever waits, and other tests want to go on too.
    await Task.yield()
    let transport = SpoiledTape(tape, answers: answers)
    let yield = await play(tape, on: transport)
    let place = "\(tape.testDescription) \(name)"
    if transport.isEndless { return "\(place): asked without end" }
    switch yield {
    case .success where isJudged && !maySucceed(tape, answers): return "\(place): a false green"
    case .handle(let handle) where !isTold(handle, in: answers, tape):
      return "\(place): the id \(handle) out of nothing"
    case .handle where !isMarked(in: answers, tape): return "\(place): a run of another key"
    default: return nil
    }
  }

  /// Whether each field that the success hangs on still says what the tape has there, once.
  private func maySucceed(_ tape: Tape, _ answers: [Response]) -> Bool {
    !tape.hinges.isEmpty
      && tape.hinges.allSatisfy { hinge in
        guard (200..<300).contains(answers[hinge.exchange].status),
          let now = Tree(answers[hinge.exchange].text)?[hinge.path],
          let then = Tree(tape.exchanges[hinge.exchange].response.text)?[hinge.path]
        else { return false }
        return now == then || Double(now).map { $0 == Double(then) } ?? false
          || (isGood(now) && isGood(then)) || isCommit(now, of: tape)
          || now.trimmingCharacters(in: .whitespacesAndNewlines) == then
      }
  }

  private func isGood(_ word: String) -> Bool {
    good.contains { $0 == word || Double($0).map { $0 == Double(word) } ?? false }
  }

  /// Whether it begins as the commit asked for does.
  private func isCommit(_ text: String, of tape: Tape) -> Bool {
    let words = tape["ask"]?.split(separator: " ") ?? []
    return words.contains {
      $0.hasPrefix("commit=") && text.lowercased().hasPrefix($0.dropFirst(7).lowercased())
    }
  }

  /// Whether a success in it would be that of something else than the tape asks for.
  private func isForeign(_ donor: Donor, to tape: Tape) -> Bool {
    guard says(good, donor.response) else { return true }
    // What was found by its branch or commit may well be the run that is asked for.
    guard donor.tape["ask"]?.hasPrefix("look") == true else { return false }
    let hinges = donor.tape.hinges.filter { $0.exchange == donor.exchange }
    guard !hinges.isEmpty, tape["ask"]?.hasPrefix("look") == true,
      let target = try? Target(tape["target"] ?? ""), let tree = Tree(donor.response.text)
    else { return false }
    let words = tape["ask"]?.split { " :/".contains($0) }.map(String.init) ?? []
    let asked = good.union(target.path).union(words)
    return !hinges.compactMap { tree[$0.path] }.allSatisfy(asked.contains)
  }

  private func says(_ words: Set<String>, _ response: Response) -> Bool {
    let text = response.text
    return words.contains { text.contains("\"\($0)\"") || text.contains(":\($0),") }
  }

  /// Whether some good answer has the id in it.
  private func isTold(_ handle: String, in answers: [Response], _ tape: Tape) -> Bool {
    let id = handle.split { ":/".contains($0) }.last.map(String.init) ?? handle
    return answers.contains { answer in
      guard (200..<300).contains(answer.status) else { return false }
      // A number has more than one spelling.
      return answer.text.contains(id)
        || Tree(answer.text)?.leaves.contains { leaf in
          leaf.contains(id) || Double(leaf).map { $0 == Double(id) } ?? false
        } == true
    }
  }

  /// Whether the key that is looked for is still told somewhere, where the tape tells it in plain words.
  private func isMarked(in answers: [Response], _ tape: Tape) -> Bool {
    let words = tape["ask"]?.split(separator: " ", maxSplits: 1).map(String.init) ?? []
    guard words.count == 2, words[0] == "marked" else { return true }
    let tells = { (answer: Response) in
      Tree(answer.text)?.leaves.contains { $0.contains(words[1]) } == true
    }
    return answers.contains(where: tells)
      || !tape.exchanges.map(\.response).contains(where: tells)
  }

  private func play(_ tape: Tape, on transport: SpoiledTape) async -> Yield {
    let words = (tape["ask"] ?? "").split(separator: " ").map(String.init)
    do {
      let vendor = try TapeTests.open(tape, on: transport)
      let ask = Ask(words: words, target: try Target(tape["target"] ?? ""))
      var seen: Set<String> = []
      switch words.first {
      case "find":
        guard let found = try await vendor.find(ask.selector, passedOver: &seen) else {
          return .nothing
        }
        if let run = found.run { return told(run) }
        return told(try await vendor.look(found.handle))
      case "start":
        let found = try await (vendor as? any Startable)?.start(ask.order)
        // What cannot be an id counts as a lost answer: `TriggerTests`.
        let names = found.map { $0.identified && !$0.handle.isEmpty } ?? false
        return names ? .handle(found?.handle ?? "") : .nothing
      case "marked":
        let found = try await (vendor as? any Markable)?.find(marked: words[1], passedOver: &seen)
        return found.map { .handle($0.handle) } ?? .nothing
      default: break
      }
      let run = try await vendor.look(words.dropFirst().first ?? "")
      switch words.first {
      case "cancel": try await (vendor as? any Cancelable)?.cancel(run)
      case "advance": try await (vendor as? any Driven)?.advance(run)
      case "durations": _ = try await (vendor as? any Remembered)?.durations(like: run)
      case "log":
        for (_, job) in run.jobs {
          _ = try await (vendor as? any Logged)?.log(of: job, in: run, last: 5)
        }
      default: return told(run)
      }
      return .nothing
    } catch {
      return .nothing
    }
  }

  /// Writes the run's times as the reports do, since a calendar can be driven over its edge.
  private func told(_ run: Run) -> Yield {
    for moment in [run.createdAt, run.startedAt, run.finishedAt] {
      _ = moment?.date.formatted(.iso8601)
    }
    _ = run.duration?.milliseconds
    return run.state == .succeeded ? .success : .nothing
  }
}

extension Tape {
  /// A field that a success hangs on.
  struct Hinge: Sendable {
    /// From 0.
    var exchange: Int
    var path: [String]
  }

  /// From lines such as `# hangs-on: 1.status 1.pipelineRunId`, the number of the answer before the path in it.
  var hinges: [Hinge] {
    head.filter { $0.key == "hangs-on" }.flatMap { $0.value.split(separator: " ") }.compactMap {
      let steps = $0.split(separator: ".").map(String.init)
      return Int(steps[0]).map { Hinge(exchange: $0 - 1, path: Array(steps.dropFirst())) }
    }
  }
}
