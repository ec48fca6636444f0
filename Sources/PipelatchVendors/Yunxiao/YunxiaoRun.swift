import FoundationEssentials
import PipelatchCore

/// A run as Flow's API writes it.
/// https://www.alibabacloud.com/help/en/yunxiao/developer-reference/getlatestpipelinerun
struct YunxiaoRun: Decodable, Sendable {
  struct Source: Decodable, Sendable {
    struct Content: Decodable, Sendable {
      var repo: String?
      var branch: String?
      var isBranchMode: Bool?
      var commit: Lenient<String>?
      var commitId: Lenient<String>?
    }
    var data: Content?
  }

  struct Variable: Decodable, Sendable {
    var key: String?
    var value: Lenient<String>?
  }

  var pipelineId: WireID?
  var pipelineRunId: WireID
  private var status: String?
  private var createTime: WireMilliseconds?
  private var updateTime: WireMilliseconds?
  private var sources: Lenient<[Source]>?
  private var stages: [WireStage]?
  private var globalParams: Lenient<[Variable]>?

  var variables: [Variable] { globalParams?.value ?? [] }

  /// In branch mode the source names the release branch, and a job's parameters those that it integrates.
  private var branches: [String] {
    let integrated = jobs.flatMap { $0.parameters(as: WireIntegration.self)?.branches ?? [] }
    let sources = (sources?.value ?? []).compactMap(\.data).filter { $0.isBranchMode != true }
    return integrated + sources.compactMap(\.branch)
  }

  /// Whether all that the run was started with can be seen: what stands in its jobs' parameters comes after it.
  var settled: Bool { Yunxiao.words[status].ended || jobs.contains { $0.params?.value != nil } }

  /// The documents show no commit; clients see it under one of these names.
  private var commits: [String] {
    let named = (sources?.value ?? []).compactMap {
      $0.data?.commit?.value ?? $0.data?.commitId?.value
    }
    let variables = variables.filter { $0.key?.hasPrefix("CI_COMMIT_") == true }
      .compactMap { $0.value?.value }
    return (named + variables).filter { $0.count >= 7 && $0.allSatisfy(\.isHexDigit) }
  }

  /// The texts among the jobs' parameters.
  var parameters: [String] {
    jobs.flatMap {
      $0.parameters(as: [String: Lenient<String>].self)?.values.compactMap(\.value) ?? []
    }
  }

  private var jobs: [WireJob] { (stages ?? []).flatMap { $0.stageInfo?.jobs ?? [] } }

  /// `url` is the run's page; Flow has none of a single job.
  func model(url: String) -> Run {
    var run = Run(id: pipelineRunId.text, state: Yunxiao.words[status])
    run.url = url
    run.refs = branches
    run.commits = commits
    run.createdAt = createTime?.moment
    for stage in stages ?? [] {
      let (model, approvals) = stage.model(url: url)
      run.stages.append(model)
      run.approvals += approvals
    }
    if run.state.ended {
      run.approvals = []
      run.finishedAt = run.stages.compactMap(\.finishedAt).max() ?? updateTime?.moment
    } else if !run.approvals.isEmpty {
      run.state = .waiting
    }
    run.startedAt = run.stages.compactMap(\.startedAt).min()
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

  func model(url: String) -> (Stage, [Approval]) {
    var stage = Stage(
      name: name ?? stageInfo?.name ?? "stage", state: Yunxiao.words[stageInfo?.status],
      startedAt: stageInfo?.startTime?.moment, finishedAt: stageInfo?.endTime?.moment)
    var approvals: [Approval] = []
    for wire in stageInfo?.jobs ?? [] {
      let job = wire.model(url: url)
      stage.jobs.append(job)
      if job.state == .waiting, let message = wire.gate {
        approvals.append(Approval(stage: stage.name, job: job.name, url: url, message: message))
      }
    }
    if let stageInfo, stageInfo.jobs == nil { stage.standAlone(at: url) }
    if stage.state == .waiting {
      let message = "Stage \(stage.name) is started by hand."
      approvals.append(Approval(stage: stage.name, url: url, message: message))
    }
    return (stage, approvals)
  }
}

private struct WireJob: Decodable, Sendable {
  var id: WireID?
  var name: String?
  var jobSign: String?
  var status: String?
  var startTime: WireMilliseconds?
  var endTime: WireMilliseconds?
  var params: Lenient<String>?
  var actions: Lenient<[WireAction]>?

  func model(url: String) -> Job {
    var job = Job(
      id: id?.text ?? "", name: name ?? jobSign ?? "job", state: Yunxiao.words[status], url: url,
      startedAt: startTime?.moment, finishedAt: endTime?.moment)
    if !job.state.ended, gate != nil { job.state = .waiting }
    return job
  }

  func parameters<Value: Decodable>(as type: Value.Type) -> Value? {
    params?.value.flatMap { try? JSONDecoder().decode(type, from: Data($0.utf8)) }
  }

  /// What a person must do, or nil. `disable` only says whether this token may do it.
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
  var branches: [String] { (CI_SOURCE_BRANCHES ?? []).compactMap(\.CI_COMMIT_REF_NAME) }
}

private struct WireAction: Decodable, Sendable {
  struct Parameters: Decodable, Sendable { var validators: [String]? }
  var type: String?
  var displayType: String?
  var params: Lenient<Parameters>?
}
