public import PipelatchCore

extension DataWorks: Driven {
  /// The vendor's answer where the run has ended in the meantime: "the pipeline is not running".
  private static let over = "流水线不是正在运行"

  /// Executes the stage that is due. The vendor lets no stage be skipped or repeated.
  /// https://www.alibabacloud.com/help/en/dataworks/developer-reference/api-dataworks-public-2024-05-18-execpipelinerunstage
  public func advance(_ run: Run) async throws(Failure) {
    guard !run.state.ended, let due = run.due, let job = due.jobs.first, !job.id.isEmpty else {
      return
    }
    let code = job.id
    let begins = due == run.stages.first && Self.beginsByItself(job)
    guard drive.mayExecute(code, of: run.id, begins: begins, at: now()) else { return }
    let request = command(
      "ExecPipelineRunStage", query: [Request.Pair("ProjectId", project)],
      form: [Request.Pair("Id", run.id), Request.Pair("Code", code)])
    do {
      try await connection.send(request)
      drive.executed(code, of: run.id, at: now())
    } catch {
      let failure = error.ownWord
      // The next look tells how the run ended.
      if failure.what.contains(Self.over) { return }
      if drive.bears(failure, code, of: run.id, at: now()) { return }
      throw failure
    }
  }
}

extension DataWorks {
  /// Whether the vendor may begin the stage without being told, where it is the first.
  fileprivate static func beginsByItself(_ job: Job) -> Bool {
    job.id == "OfflineCheck" || !["Check", "Deploy", "Offline", "Delete"].contains(job.name)
  }
}

extension Run {
  /// The stage to execute next: the first that has not succeeded, where neither it nor a later one has begun.
  var due: Stage? {
    let rest = stages.drop { $0.state == .succeeded }
    return rest.allSatisfy { $0.state == .queued } ? rest.first : nil
  }
}
