import FoundationEssentials
import PipelatchCore

/// A run as the classic API writes it.
/// https://help.aliyun.com/document_detail/460556.html
struct AliyunDevOpsRun: Decodable, Sendable {
  struct Source: Decodable, Sendable {
    struct Content: Decodable, Sendable {
      var repo: String?
      var branch: String?
      /// Of a pipeline's source; a run's has it not.
      var isBranchMode: Bool?
      /// Misspelled by the vendor; a commit, or a JSON text with commits in it.
      var commint: Lenient<String>?

      var commits: [String] {
        (commint?.value ?? "").split { !$0.isHexDigit }.map(String.init).filter { $0.count == 40 }
      }
    }
    var data: Content?
  }

  var pipelineId: WireID?
  var pipelineRunId: WireID
  private var status: String?
  private var createTime: WireMilliseconds?
  private var updateTime: WireMilliseconds?
  private var sources: Lenient<[Source]>?
  private var stages: [WireStage]?

  private var parameters: [String] {
    (stages ?? []).flatMap { $0.stageInfo?.jobs ?? [] }.compactMap { $0.params?.value }
  }

  /// Whether all that the run was started with can be seen: what stands in its jobs' parameters comes after it.
  var settled: Bool { AliyunDevOps.words[status].ended || !parameters.isEmpty }

  /// In branch mode a job's parameters name the branches that the run integrates.
  private var integrated: [String] {
    parameters.flatMap { text in
      let read = try? JSONDecoder().decode(WireIntegration.self, from: Data(text.utf8))
      return (read?.CI_SOURCE_BRANCHES ?? []).compactMap(\.CI_COMMIT_REF_NAME)
    }
  }

  /// `url` is the run's page. `integrates` says that the source's branch is a release branch and not what was asked for.
  func model(url: String, integrates: Bool) -> Run {
    let contents = (sources?.value ?? []).compactMap(\.data)
    var run = Run(id: pipelineRunId.text, state: AliyunDevOps.words[status])
    run.url = url
    run.refs = integrated + (integrates ? [] : contents.compactMap(\.branch))
    run.commits = contents.flatMap(\.commits)
    run.createdAt = createTime?.moment
    for stage in stages ?? [] {
      let (model, approvals) = stage.model(url: url, ended: run.state.ended)
      run.stages.append(model)
      run.approvals += approvals
    }
    run.startedAt = run.stages.compactMap(\.startedAt).min()
    if run.state.ended {
      run.finishedAt = run.stages.compactMap(\.finishedAt).max() ?? updateTime?.moment
    } else if !run.approvals.isEmpty {
      run.state = .waiting
    }
    return run
  }
}

private struct WireStage: Decodable, Sendable {
  struct Info: Decodable, Sendable {
    var name: String?
    var status: String?
    var startTime: WireMilliseconds?
    var endTime: WireMilliseconds?
    var jobs: [WireJob]?
  }

  var name: String?
  var stageInfo: Info?

  /// `ended` says that nobody needs to act any more, whatever the actions say.
  func model(url: String, ended: Bool) -> (Stage, [Approval]) {
    var stage = Stage(
      name: name ?? stageInfo?.name ?? "stage", state: AliyunDevOps.words[stageInfo?.status],
      startedAt: stageInfo?.startTime?.moment, finishedAt: stageInfo?.endTime?.moment)
    var approvals: [Approval] = []
    for wire in stageInfo?.jobs ?? [] {
      var job = Job(
        id: wire.id?.text ?? "", name: wire.name ?? "job", state: AliyunDevOps.words[wire.status],
        url: url, startedAt: wire.startTime?.moment, finishedAt: wire.endTime?.moment)
      if !ended, !job.state.ended, let message = wire.gate {
        job.state = .waiting
        approvals.append(Approval(stage: stage.name, job: job.name, url: url, message: message))
      }
      stage.jobs.append(job)
    }
    if let stageInfo, stageInfo.jobs == nil { stage.standAlone(at: url) }
    return (stage, approvals)
  }
}

private struct WireJob: Decodable, Sendable {
  var id: WireID?
  var name: String?
  var status: String?
  var startTime: WireMilliseconds?
  var endTime: WireMilliseconds?
  /// A JSON text.
  var params: Lenient<String>?
  var actions: Lenient<[WireAction]>?

  /// What a person must do, or nil. `disable` only says whether this key may do it.
  /// https://help.aliyun.com/document_detail/2360596.html
  var gate: String? {
    for action in actions?.value ?? [] {
      switch (action.type, action.displayType) {
      case ("PassPipelineValidate", _), ("RefusePipelineValidate", _),
        ("RefusePipelineValidator", _):
        let people = action.params?.value?.validators ?? []
        let whom = people.isEmpty ? "" : " by \(people.joined(separator: ", "))"
        return "\(name ?? "A job") waits for approval\(whom)."
      case (_, "CONFLICT_MERGE"):
        return "\(name ?? "A job") waits for a merge conflict to be solved."
      default: continue
      }
    }
    return nil
  }
}

private struct WireIntegration: Decodable {
  struct Branch: Decodable { var CI_COMMIT_REF_NAME: String? }
  var CI_SOURCE_BRANCHES: [Branch]?
}

private struct WireAction: Decodable, Sendable {
  struct Parameters: Decodable, Sendable { var validators: [String]? }
  var type: String?
  var displayType: String?
  var params: Lenient<Parameters>?
}
