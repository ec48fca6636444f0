import PipelatchCore

/// Somebody who is told what happens.
protocol Report: Sendable {
  /// Whether it is told of each look, with the whole run.
  var wantsLooks: Bool { get }

  /// Events of one target come in order; those of several targets mix.
  func tell(_ event: Event, of target: String, at time: Timestamp)

  /// All is told and the program leaves with `code`. Returns what could not be written, a sentence each.
  func close(_ code: ExitCode, at time: Timestamp) -> [String]
}

extension Report {
  var wantsLooks: Bool { true }

  func close(_ code: ExitCode, at time: Timestamp) -> [String] { [] }
}
