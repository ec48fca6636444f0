import PipelatchCore

/// When a run may end, drawn from how long past runs of its pipeline took.
struct Estimate: Hashable, Sendable {
  /// The median of all past runs.
  let usual: Duration
  /// What the median of those that took longer leaves; nil once it is older than every one of them.
  let left: Duration?
  /// The part of the way that is behind it, below 1.
  let share: Double

  /// Nil where nothing is known of the past.
  init?(past: [Duration], age: Duration) {
    guard let usual = Self.median(past) else { return nil }
    self.usual = usual
    let age = max(age, .zero)
    left = Self.median(past.filter { $0 > age }).map { $0 - age }
    share = left.map { age.inSeconds / (age + $0).inSeconds } ?? 0.99
  }

  /// For people: `about 4 s left, usually 11 s`.
  var words: String { "\(brief), usually \(usual.rounded.words)" }

  /// The same where room is short.
  var brief: String { left.map { "about \($0.rounded.words) left" } ?? "longer than any past run" }

  private static func median(_ durations: [Duration]) -> Duration? {
    durations.isEmpty ? nil : durations.sorted()[durations.count / 2]
  }
}

extension Duration {
  /// As exact as an estimate deserves: seconds, 10 s above two minutes, minutes above half an hour.
  fileprivate var rounded: Duration {
    let step: Int64 = inSeconds < 120 ? 1 : inSeconds < 1800 ? 10 : 60
    let seconds = Int64(inSeconds.rounded(.up))
    return .seconds((seconds + step - 1) / step * step)
  }
}
