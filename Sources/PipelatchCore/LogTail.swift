/// Asks for the log of each failed job once, and once more at the run's end where it was not there yet.
struct LogTail {
  /// A run with a thousand failed jobs is told from its first ones.
  private static let most = 10
  private let gate: Gate
  private var told: Set<String> = []
  private var asked: Set<String> = []

  init(_ gate: Gate) { self.gate = gate }

  mutating func tell(failedIn run: Run) async {
    guard gate.terms.logLines > 0, let pipeline = gate.pipeline as? any Logged else { return }
    for (_, job) in run.jobs where job.failed && !told.contains(job.id) {
      if told.count >= Self.most || (asked.contains(job.id) && !run.state.ended) { continue }
      asked.insert(job.id)
      guard let lines = try? await pipeline.log(of: job, in: run, last: gate.terms.logLines),
        !lines.isEmpty
      else { continue }
      told.insert(job.id)
      gate.tell(.log(job: job.name, lines: lines.suffix(gate.terms.logLines)))
    }
  }
}
