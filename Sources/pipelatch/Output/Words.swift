import PipelatchCore

extension Duration {
  /// For people: `350 ms`, `8 s`, `3 min 20 s`, `1 h 05 min`.
  var words: String {
    let milliseconds = max(0, self.milliseconds)
    if milliseconds < 1000 { return "\(milliseconds) ms" }
    let seconds = milliseconds / 1000
    if seconds < 10, milliseconds % 1000 >= 100 {
      return "\(seconds).\(milliseconds % 1000 / 100) s"
    }
    if seconds < 60 { return "\(seconds) s" }
    if seconds < 3600 {
      return seconds % 60 == 0 ? "\(seconds / 60) min" : "\(seconds / 60) min \(seconds % 60) s"
    }
    return "\(seconds / 3600) h \(Self.two(seconds / 60 % 60)) min"
  }

  /// For columns: `0:08`, `12:05`, `1:02:03`.
  var clock: String {
    let seconds = max(0, milliseconds / 1000)
    if seconds < 3600 { return "\(seconds / 60):\(Self.two(seconds % 60))" }
    return "\(seconds / 3600):\(Self.two(seconds / 60 % 60)):\(Self.two(seconds % 60))"
  }

  private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

extension Outcome {
  /// The verdict or, where there is none, the reason, in one word.
  var word: String { verdict?.rawValue ?? reason?.rawValue ?? "fault" }
}
