/// A run as it will go: when each job begins and ends, and how. All times are seconds since the run was started.
public struct Script: Hashable, Sendable {
  public struct Job: Hashable, Sendable {
    public var name: String
    public var begin: Double
    public var end: Double
    public var ending: Phase
    /// `.running`, or `.waiting` for a gate that a person opens.
    public var meanwhile: Phase
    /// The lines it writes, evenly spread over its time.
    public var log: [String]

    public init(
      _ name: String, _ begin: Double, _ end: Double, _ ending: Phase = .succeeded,
      meanwhile: Phase = .running, log: [String] = []
    ) {
      self.name = name
      self.begin = begin
      self.end = end
      self.ending = ending
      self.meanwhile = meanwhile
      self.log = log
    }

    /// Whether it ever runs; one that does not has its end at its begin.
    var runs: Bool { end > begin }
  }

  public struct Stage: Hashable, Sendable {
    public var name: String
    public var jobs: [Job]

    public init(_ name: String, _ jobs: [Job]) {
      self.name = name
      self.jobs = jobs
    }
  }

  public var stages: [Stage]

  public init(_ stages: [Stage]) { self.stages = stages }

  public var jobs: [Job] { stages.flatMap(\.jobs) }
  public var begin: Double { jobs.filter(\.runs).map(\.begin).min() ?? end }
  public var end: Double { jobs.map(\.end).max() ?? 0 }

  /// The run as it stands so many seconds after it was started.
  public func snapshot(at elapsed: Double) -> Snapshot {
    let stages = stages.map { stage in
      Snapshot.Stage(name: stage.name, jobs: stage.jobs.map { Snapshot.Job($0, at: elapsed) })
    }
    return Snapshot(stages: stages)
  }

  /// The same run, `factor` times as fast.
  public func faster(by factor: Double) -> Script {
    changed { job in
      job.begin /= factor
      job.end /= factor
    }
  }

  /// The run if it is canceled at `moment`; nil when it has ended by then.
  public func canceled(at moment: Double) -> Script? {
    moment < end ? stopped(at: moment, as: .canceled, rest: .canceled) : nil
  }

  /// The run if the gate that is shut at `moment` is opened; nil when none is shut.
  public func approved(at moment: Double) -> Script? {
    guard let gate = gate(at: moment) else { return nil }
    return changed { job in
      if job == gate {
        job.end = moment
      } else if job.begin >= gate.end {
        job.begin -= gate.end - moment
        job.end -= gate.end - moment
      }
    }
  }

  /// The run if a person says no at the gate that is shut at `moment`; nil when none is shut.
  public func refused(at moment: Double) -> Script? {
    gate(at: moment).map { _ in stopped(at: moment, as: .failed, rest: .skipped) }
  }

  private func gate(at moment: Double) -> Job? {
    jobs.first { $0.meanwhile == .waiting && $0.begin <= moment && moment < $0.end }
  }

  private func stopped(at moment: Double, as ending: Phase, rest: Phase) -> Script {
    changed { job in
      if job.end <= moment { return }
      job.ending = job.begin < moment ? ending : rest
      job.begin = min(job.begin, moment)
      job.end = moment
    }
  }

  private func changed(_ change: (inout Job) -> Void) -> Script {
    var script = self
    for stage in script.stages.indices {
      for job in script.stages[stage].jobs.indices { change(&script.stages[stage].jobs[job]) }
    }
    return script
  }
}
