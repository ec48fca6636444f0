import FoundationEssentials
import PipelatchCore

/// Wire models, spelled as the vendor spells them.
extension CodeArts {
  struct WireRun: Decodable, Sendable {
    var id: String?
    var pipeline_id: String?
    var description: Lenient<String>?
    var status: String?
    var success: Lenient<Bool>?
    var start_time: WireMilliseconds?
    var end_time: WireMilliseconds?
    var stages: [WireStage]?
    var sources: Lenient<[WireSource]>?

    var jobs: [WireJob] { (stages ?? []).flatMap { $0.jobs ?? [] } }

    /// An answer that says nothing at all is how the vendor says that there is no run.
    var isSomething: Bool { status != nil || success?.value != nil }
  }

  struct WireStage: Decodable, Sendable {
    var name: String?
    var status: String?
    var start_time: WireMilliseconds?
    var end_time: WireMilliseconds?
    var pre: [WireStep]?
    var jobs: [WireJob]?
  }

  struct WireJob: Decodable, Sendable {
    var id: WireID?
    var name: String?
    var status: String?
    var message: Lenient<String>?
    var start_time: WireMilliseconds?
    var end_time: WireMilliseconds?
    var steps: [WireStep]?

    /// What went wrong, from a free text that may be JSON itself.
    var reason: String? {
      guard let text = message?.value, !text.isEmpty else { return nil }
      let inner = try? JSONDecoder().decode(Trouble.self, from: Data(text.utf8))
      let line = (inner?.sentence ?? text).prefix { !$0.isNewline }.prefix(200)
      return String(line.drop { $0.isWhitespace })
    }

    struct Trouble: Decodable {
      var errorMessage: String
      var errorCode: Lenient<String>?

      var sentence: String {
        guard let code = errorCode?.value else { return errorMessage }
        return "\(errorMessage) (\(code))"
      }
    }
  }

  struct WireStep: Decodable, Sendable {
    var id: WireID?
    var task: String?
    var status: String?

    var waits: Bool { CodeArts.stepWords[status] == .waiting }
    var hasChild: Bool { task == "official_devcloud_subPipeline" && status != "INIT" }
  }

  struct WireSource: Decodable, Sendable {
    struct Parameters: Decodable, Sendable { var build_params: Lenient<WireBuild>? }
    var params: Parameters?
  }

  /// What one source of a run was built from.
  struct WireBuild: Decodable, Sendable {
    var target_branch: String?
    var source_branch: String?
    var tag: String?
    var merge_id: Lenient<WireID>?
    var commit_id: String?

    /// A merge request's run builds its source branch: it is no run of the branch it is to be merged into.
    var ref: String? {
      if let id = merge_id?.value?.text, !id.isEmpty, let source = Self.some(source_branch) {
        return source
      }
      return Self.some(tag) ?? Self.some(target_branch)
    }

    var commit: String? { Self.some(commit_id) }

    private static func some(_ text: String?) -> String? { text?.isEmpty == false ? text : nil }
  }

  struct WireQuery: Encodable {
    var limit: Int
    var offset = 0
    var sort_dir = "desc"
    var sort_key = "start_time"
    var status: [String]?
  }

  struct WireList: Decodable, Sendable { var pipeline_runs: [WireItem]? }

  struct WireItem: Decodable, Sendable {
    var pipeline_run_id: String
    var run_number: Lenient<WireID>?
    var status: String?
    var start_time: WireMilliseconds?
    var end_time: WireMilliseconds?
    var build_params: Lenient<WireBuild>?

    var number: Int { run_number?.value.flatMap { Int($0.text) } ?? 0 }
  }

  struct WireQueue: Decodable, Sendable { var queuedPipelines: [WireRecord] }

  struct WireRecord: Decodable, Sendable {
    var id: WireID?
    var pipeline_run_id: String?
    var status: String?
    var enqueue_time: WireMilliseconds?
  }

  struct WireOutputs: Decodable, Sendable { var step_outputs: [WireOutput]? }

  struct WireOutput: Decodable, Sendable {
    struct Pair: Decodable, Sendable {
      var key: String?
      var value: Lenient<String>?
    }
    var step_run_id: String?
    var output_result: [Pair]?

    subscript(key: String) -> String? {
      (output_result ?? []).first { $0.key == key }?.value?.value
    }
  }

  struct WirePipeline: Decodable, Sendable {
    struct Source: Decodable, Sendable {
      var type: String?
      var params: Repository?
    }

    struct Repository: Decodable, Sendable {
      var alias: String?
      var codehub_id: WireID?
      var default_branch: String?
      var endpoint_id: String?
      var git_type: String?
      var git_url: String?
    }

    var sources: [Source]?
    var banned: Lenient<Bool>?
  }

  /// The body of a trigger; what is nil is left to the pipeline.
  struct WireOrder: Encodable {
    struct Source: Encodable {
      var params: Parameters
      var type = "code"
    }

    struct Parameters: Encodable {
      var alias: String?
      var build_params: Build
      var codehub_id: String?
      var default_branch: String?
      var endpoint_id: String?
      var git_type: String?
      var git_url: String?

      init(_ repository: WirePipeline.Repository, at ref: String) {
        alias = repository.alias
        build_params = Build(ref)
        codehub_id = repository.codehub_id?.text
        default_branch = repository.default_branch
        endpoint_id = repository.endpoint_id
        git_type = repository.git_type
        git_url = repository.git_url
      }
    }

    struct Build: Encodable {
      var build_type: String
      var event_type = "Manual"
      var tag: String?
      var target_branch: String?

      init(_ ref: String) {
        let (heads, tags) = ("refs/heads/", "refs/tags/")
        if ref.hasPrefix(tags) {
          build_type = "tag"
          tag = String(ref.dropFirst(tags.count))
        } else {
          build_type = "branch"
          target_branch = ref.hasPrefix(heads) ? String(ref.dropFirst(heads.count)) : ref
        }
      }
    }

    struct Variable: Encodable {
      var name: String
      var value: String
    }

    var description: String?
    var sources: [Source]?
    var variables: [Variable]?
  }

  struct WireStarted: Decodable {
    struct Queued: Decodable, Sendable { var pipeline_run_id: String? }
    var pipeline_run_id: String?
    var error_msg: Lenient<String>?
    var error: Lenient<Queued>?

    /// A trigger that has to wait for its turn tells the id inside `error`.
    var run: String? {
      [pipeline_run_id, error?.value?.pipeline_run_id].compactMap { $0 }.first { !$0.isEmpty }
    }
  }

  struct WireDone: Decodable { var success: Bool }

  /// Where in a log to read on.
  struct WirePlace: Encodable, Hashable {
    var end_offset = 0
    var limit = 5000
    var sort = "asc"
    var start_offset = 0
  }

  struct WireLog: Decodable, Sendable {
    var has_more: Bool?
    var start_offset: WireID?
    var end_offset: WireID?
    var log: String?

    var next: WirePlace? {
      guard has_more == true, let start = start_offset.flatMap({ Int($0.text) }),
        let end = end_offset.flatMap({ Int($0.text) })
      else { return nil }
      return WirePlace(end_offset: end, start_offset: start)
    }
  }
}
