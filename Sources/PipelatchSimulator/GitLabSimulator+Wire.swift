import FoundationEssentials

extension GitLabSimulator {
  /// One pipeline at one moment: that of a run, or the child that its deployment job started.
  struct Place {
    /// The job of the script that is played by a trigger job and a child pipeline.
    static let deployment = "Deploy to production"

    var entry: Ledger.Entry
    var shot: Snapshot
    var isChild = false

    init(_ entry: Ledger.Entry, _ shot: Snapshot) {
      self.entry = entry
      self.shot = shot
    }

    var id: Int { 8000 + entry.number * 10 + (isChild ? 1 : 0) }
    var source: String { isChild ? "parent_pipeline" : entry.order["source"]?.string ?? "push" }
    var phase: Phase { isChild ? own.first?.job.phase ?? .queued : shot.phase }
    var word: String { GitLabSimulator.word(phase) }

    /// The jobs that are this pipeline's own, with their places in the script.
    var own: [(place: Int, stage: String, job: Snapshot.Job)] {
      shot.jobs.enumerated().filter { ($0.element.job.name == Self.deployment) == isChild }
        .map { ($0.offset, $0.element.stage, $0.element.job) }
    }

    /// The trigger job, and where in the script its child is.
    var bridge: (place: Int, stage: String, job: Snapshot.Job)? {
      if isChild { return nil }
      return shot.jobs.enumerated().first { $0.element.job.name == Self.deployment }
        .map { ($0.offset, $0.element.stage, $0.element.job) }
    }

    /// The child pipeline, once there is one.
    var child: Place? {
      guard let bridge, bridge.job.begin != nil else { return nil }
      var child = self
      child.isChild = true
      return child
    }

    /// Seconds after the run was started.
    var created: Double { isChild ? own.first?.job.begin ?? 0 : 0 }

    /// The last moment at which anything changed.
    var updated: Double {
      (isChild ? own.map(\.job) : shot.jobs.map(\.job))
        .flatMap { [$0.begin, $0.end] }.compactMap { $0 }.max() ?? created
    }

    func jobID(_ place: Int) -> Int { 90_000 + entry.number * 100 + place + (isChild ? 50 : 0) }
  }

  func place(of id: Int) -> Place? {
    guard let entry = ledger[(id - 8000) / 10] else { return nil }
    let place = Place(entry, ledger.snapshot(entry))
    return [place, place.child].compactMap { $0 }.first { $0.id == id }
  }

  /// The job's pipeline, and its index among that one's own jobs.
  func job(_ id: Int) -> (Place, Int)? {
    guard let entry = ledger[(id - 90_000) / 100] else { return nil }
    let place = Place(entry, ledger.snapshot(entry))
    for place in [place, place.child].compactMap({ $0 }) {
      if let index = place.own.firstIndex(where: { place.jobID($0.place) == id }) {
        return (place, index)
      }
    }
    return nil
  }

  static func word(_ phase: Phase) -> String {
    switch phase {
    case .queued: "pending"
    case .running: "running"
    case .waiting: "manual"
    case .succeeded: "success"
    case .failed, .timedOut: "failed"
    case .canceled: "canceled"
    case .skipped: "skipped"
    }
  }

  func detail(_ ask: Ask) -> JSON {
    [
      "id": .int(Self.projectNumber), "path_with_namespace": .string(Self.project),
      "default_branch": "main", "visibility": "private",
      "web_url": .string("\(Self.root(ask))/\(Self.project)"),
    ]
  }

  /// As lists and other answers have a pipeline.
  func basic(_ place: Place, _ ask: Ask) -> [String: JSON] {
    [
      "id": .int(place.id), "iid": .int(place.id - 8000), "project_id": .int(Self.projectNumber),
      "sha": .string(place.entry.commit), "ref": .string(place.entry.ref),
      "status": .string(place.word), "source": .string(place.source), "name": .null,
      "created_at": moment(place.created, of: place),
      "updated_at": moment(place.updated, of: place),
      "web_url": .string("\(Self.root(ask))/\(Self.project)/-/pipelines/\(place.id)"),
    ]
  }

  /// As the answer about one pipeline has it.
  func full(_ place: Place, _ ask: Ask) -> [String: JSON] {
    let begin = place.own.compactMap(\.job.begin).min()
    let end = place.phase.ended ? place.updated : nil
    let more: [String: JSON] = [
      "before_sha": .string(String(repeating: "0", count: 40)), "tag": false, "yaml_errors": .null,
      "user": ["id": 1, "username": "demo", "name": "Demo", "state": "active"],
      "started_at": moment(begin, of: place), "finished_at": moment(end, of: place),
      "committed_at": .null, "coverage": .null,
      "duration": JSON(begin.flatMap { begin in end.map { Int($0 - begin) } }),
      "queued_duration": JSON(begin.map { Int($0 - place.created) }),
      "detailed_status": [
        "text": .string(place.word), "label": .string(place.word), "group": .string(place.word),
        "has_details": true,
        "details_path": .string("/\(Self.project)/-/pipelines/\(place.id)"),
      ],
    ]
    return basic(place, ask).merging(more) { first, _ in first }
  }

  /// Newest first, as since 13.5.
  func jobs(of place: Place, _ ask: Ask) -> [JSON] {
    place.own.reversed().map { item in
      var members = common(item, of: place, ask)
      if place.isChild { members["name"] = "Roll out" }
      members["tag_list"] = []
      members["runner"] = .null
      return .object(members)
    }
  }

  func bridges(of place: Place, _ ask: Ask) -> [JSON] {
    guard let bridge = place.bridge else { return [] }
    var members = common(bridge, of: place, ask)
    members["failure_reason"] = nil
    members["downstream_pipeline"] = place.child.map { .object(basic($0, ask)) } ?? .null
    return [.object(members)]
  }

  private func common(
    _ item: (place: Int, stage: String, job: Snapshot.Job), of place: Place, _ ask: Ask
  ) -> [String: JSON] {
    let id = place.jobID(item.place)
    // Jobs of the first stage wait for a runner, later ones for the stage before.
    let waits = item.job.phase == .queued && item.stage != place.shot.stages.first?.name
    var members: [String: JSON] = [
      "id": .int(id), "name": .string(item.job.name), "stage": .string(item.stage),
      "status": .string(waits ? "created" : Self.word(item.job.phase)),
      "ref": .string(place.entry.ref), "tag": false, "coverage": .null, "allow_failure": false,
      "created_at": moment(place.created, of: place),
      "started_at": moment(item.job.begin, of: place),
      "finished_at": moment(item.job.end, of: place), "erased_at": .null,
      "duration": .null, "queued_duration": .null,
      "pipeline": .object(basic(place, ask)),
      "web_url": .string("\(Self.root(ask))/\(Self.project)/-/jobs/\(id)"),
      "project": ["ci_job_token_scope_enabled": false],
    ]
    if item.job.phase == .waiting { members["started_at"] = .null }
    if item.job.phase == .timedOut { members["failure_reason"] = "job_execution_timeout" }
    if item.job.phase == .failed { members["failure_reason"] = "script_failure" }
    return members
  }

  private func moment(_ offset: Double?, of place: Place) -> JSON {
    JSON(
      offset.map { offset in
        place.entry.moment(offset).formatted(
          Date.ISO8601FormatStyle(includingFractionalSeconds: true))
      })
  }

  /// As a runner writes it: sections, colors, and since 18.7 a timestamp before each line.
  /// https://docs.gitlab.com/ci/jobs/job_logs/
  static func trace(of job: Snapshot.Job, begun: Date) -> String {
    let escape = "\u{1B}"
    let start = begun.addingTimeInterval(job.begin ?? 0)
    let seconds = Int(start.timeIntervalSince1970)
    var lines = [
      "\(escape)[0KRunning with gitlab-runner 18.7.0 (demo)\(escape)[0;m",
      "section_start:\(seconds):step_script\r\(escape)[0K\(escape)[0K\(escape)[36;1m"
        + "Executing \"step_script\" stage of the job script\(escape)[0;m\(escape)[0;m",
    ]
    lines += job.log.map { $0.hasPrefix("$ ") ? "\(escape)[32;1m\($0)\(escape)[0;m" : $0 }
    if job.phase.ended { lines.append("section_end:\(seconds):step_script\r\(escape)[0K") }
    let stamp =
      start.formatted(Date.ISO8601FormatStyle()).dropLast() + ".000000Z 00O "
    return lines.map { "\(stamp)\($0)\n" }.joined()
  }
}
