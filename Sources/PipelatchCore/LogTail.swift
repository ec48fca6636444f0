/// Asks for the log of each failed job once, and once more at the run's end where it was not there yet.
struct LogTail {
  /// A run with a thousand failed jobs is told from its first ones.
  private static let most = 10
  /// Jobs asked about, and whether their logs were told.
  private var jobs: [String: Bool] = [:]

  mutating func tell(failedIn run: Run, to gate: Gate) async {
    guard gate.terms.logLines > 0 else { return }
    for job in run.stages.lazy.flatMap(\.jobs) where job.failed {
      guard let pipeline = gate.pipeline as? any Logged else { return }
      let told = jobs[job.id]
      if told == nil ? jobs.count >= Self.most : told == true || !run.state.ended { continue }
      let lines = try? await pipeline.log(of: job, in: run, last: gate.terms.logLines)
      jobs[job.id] = lines?.isEmpty == false
      guard let lines, !lines.isEmpty else { continue }
      gate.tell(.log(job: job.name, lines: lines.suffix(gate.terms.logLines)))
    }
  }
}
