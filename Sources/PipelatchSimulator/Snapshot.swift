/// A scripted run at one moment. Times are seconds since the run was started; nil where it has not come to that, or never will.
public struct Snapshot: Hashable, Sendable {
  public struct Job: Hashable, Sendable {
    public var name: String
    public var phase: Phase
    public var begin: Double?
    public var end: Double?
    /// What it has written so far.
    public var log: [String]
    /// Whether it is a gate that a person opens.
    public var gate: Bool

    init(_ job: Script.Job, at elapsed: Double) {
      name = job.name
      gate = job.meanwhile == .waiting
      let ended = elapsed >= job.end
      if elapsed < job.begin {
        phase = .queued
      } else {
        phase = ended ? job.ending : job.meanwhile
      }
      begin = job.runs && elapsed >= job.begin ? job.begin : nil
      end = job.runs && ended ? job.end : nil
      let part = job.runs ? (elapsed - job.begin) / (job.end - job.begin) : 0
      log = Array(job.log.prefix(Int(Double(job.log.count) * min(max(part, 0), 1))))
    }
  }

  public struct Stage: Hashable, Sendable {
    public var name: String
    public var jobs: [Job]

    public var phase: Phase { Phase(of: jobs.map(\.phase)) }
    public var begin: Double? { jobs.compactMap(\.begin).min() }
    /// Nil until all its jobs have ended.
    public var end: Double? { phase.ended ? jobs.compactMap(\.end).max() : nil }
  }

  public var stages: [Stage]

  /// Every job with the name of its stage.
  public var jobs: [(stage: String, job: Job)] {
    stages.flatMap { stage in stage.jobs.map { (stage.name, $0) } }
  }

  public var phase: Phase { Phase(of: stages.flatMap(\.jobs).map(\.phase)) }
  public var begin: Double? { stages.compactMap(\.begin).min() }
  public var end: Double? { phase.ended ? stages.compactMap(\.end).max() : nil }
}
