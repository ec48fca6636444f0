import ArgumentParser
import PipelatchCore
import PipelatchVendors

/// What the commands that take several targets share.
enum Targets {
  static func validate(_ targets: [String], _ which: SelectorOptions) throws {
    if targets.isEmpty { throw ValidationError("Name a target: VENDOR:PATH[@REF][#RUN]") }
    if which.run != nil, targets.count > 1 {
      throw ValidationError("--run goes with one target; write #RUN behind each")
    }
    if Set(targets).count < targets.count { throw ValidationError("A target is named twice") }
  }

  /// All targets and selectors are read before any vendor is asked.
  static func wishes(
    _ texts: [String], _ which: SelectorOptions, _ session: Session, _ network: any Transport,
    _ purpose: (Selector) -> Gate.Purpose
  ) async throws(Failure) -> [Session.Wish] {
    var pairs: [(Target, Selector)] = []
    for text in texts {
      let target = try Target(text)
      pairs.append((target, try which.selector(for: target, now: session.clock.now)))
    }
    var wishes: [Session.Wish] = []
    for (target, selector) in pairs {
      wishes.append(
        Session.Wish(
          place: try await session.place(target, on: network), purpose: purpose(selector))
      )
    }
    return wishes
  }

  /// Runs the body, closes the network whatever happens, and leaves with the code.
  static func closing(
    _ network: Network, _ body: () async throws(Failure) -> PipelatchCore.ExitCode
  ) async throws {
    let result: Result<PipelatchCore.ExitCode, Failure>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    await network.close()
    throw ArgumentParser.ExitCode(try result.get().rawValue)
  }
}
