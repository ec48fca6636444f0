import PipelatchCore

extension Stage {
  /// Makes the stage its own only part, where the vendor tells nothing smaller; it keeps no log.
  mutating func standAlone(as name: String? = nil, at url: String?) {
    jobs = [
      Job(
        id: "", name: name ?? self.name, state: state, url: url, startedAt: startedAt,
        finishedAt: finishedAt)
    ]
  }
}
