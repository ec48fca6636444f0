/// One run of a pipeline, whole, as it stood at one look.
public struct Run: Hashable, Sendable {
  /// The vendor's id of the run, as a person would quote it.
  public var id: String
  /// What to ask the vendor with at the next look; differs from `id` only where one gate covers several runs.
  public var handle: String
  /// The page a person can open.
  public var url: String?
  /// Branches or tags the run builds; the first is the one reported.
  public var refs: [String] = []
  /// Commits the run builds; the first is the one reported.
  public var commits: [String] = []
  public var attempt: Int?
  public var createdAt: Timestamp?
  public var startedAt: Timestamp?
  public var finishedAt: Timestamp?
  public var state: State
  public var stages: [Stage] = []
  /// What waits for a person.
  public var approvals: [Approval] = []
  /// Things worth one line to a person, such as "succeeded with warnings".
  public var notes: [String] = []

  public init(id: String, state: State) {
    self.id = id
    self.handle = id
    self.state = state
  }

  public var ref: String? { refs.first }
  public var commit: String? { commits.first }

  /// Every job with the name of its stage, in the vendor's order.
  public var jobs: [(stage: String, job: Job)] {
    stages.flatMap { stage in stage.jobs.map { (stage.name, $0) } }
  }

  /// How long the run took or has taken by the vendor's own times; nil where the vendor gives none.
  public var duration: Duration? {
    guard let begin = startedAt ?? createdAt, let end = finishedAt, end >= begin else { return nil }
    return end - begin
  }
}

/// A part of a run whose jobs belong together.
public struct Stage: Hashable, Sendable {
  public var name: String
  public var state: State
  public var startedAt: Timestamp?
  public var finishedAt: Timestamp?
  public var jobs: [Job]

  public init(
    name: String, state: State, startedAt: Timestamp? = nil, finishedAt: Timestamp? = nil,
    jobs: [Job] = []
  ) {
    self.name = name
    self.state = state
    self.startedAt = startedAt
    self.finishedAt = finishedAt
    self.jobs = jobs
  }
}

/// The smallest unit that a vendor reports on and keeps a log of.
public struct Job: Hashable, Sendable {
  /// The vendor's id, with which its log is asked for.
  public var id: String
  public var name: String
  public var state: State
  public var url: String?
  public var startedAt: Timestamp?
  public var finishedAt: Timestamp?
  /// The run's verdict does not depend on it, so `--fail-fast` passes it over.
  public var mayFail = false

  public init(
    id: String, name: String, state: State, url: String? = nil, startedAt: Timestamp? = nil,
    finishedAt: Timestamp? = nil, mayFail: Bool = false
  ) {
    self.id = id
    self.name = name
    self.state = state
    self.url = url
    self.startedAt = startedAt
    self.finishedAt = finishedAt
    self.mayFail = mayFail
  }
}

/// A point where a person must act.
public struct Approval: Hashable, Sendable {
  public var stage: String?
  public var job: String?
  public var url: String?
  /// One sentence: who or what is waited for.
  public var message: String

  public init(stage: String? = nil, job: String? = nil, url: String? = nil, message: String) {
    self.stage = stage
    self.job = job
    self.url = url
    self.message = message
  }
}
