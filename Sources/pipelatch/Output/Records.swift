import PipelatchCore

/// The records of all targets, in the order given.
struct Records: Sendable {
  private(set) var all: [Record]
  private let places: [String: Int]

  init(_ targets: [String], begun: Timestamp) {
    all = targets.map { Record($0, begun: begun) }
    places = Dictionary(zip(targets, targets.indices), uniquingKeysWith: { first, _ in first })
  }

  mutating func take(_ event: Event, of target: String, at time: Timestamp) {
    if let place = places[target] { all[place].take(event, at: time) }
  }

  subscript(target: String) -> Record? { places[target].map { all[$0] } }

  /// The target that the exit code is about: the one with that code, first in order.
  func decisive(_ code: ExitCode) -> Record? {
    all.first { $0.outcome?.exitCode == code } ?? all.first
  }

  /// One line over several targets, or nil for one.
  func sum(_ code: ExitCode, at time: Timestamp) -> String? {
    guard all.count > 1, let begun = all.first?.begun else { return nil }
    let good = all.count { $0.outcome?.exitCode == .succeeded }
    return "\(good) of \(all.count) targets succeeded "
      + "(waited \((time - begun).words), exit \(code.rawValue))"
  }
}
