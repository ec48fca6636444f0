import PipelatchCore

/// Somebody who is told what happens.
protocol Report: Sendable {
  /// Events of one target come in order; those of several targets mix.
  func tell(_ event: Event, of target: String, at time: Timestamp)
}
