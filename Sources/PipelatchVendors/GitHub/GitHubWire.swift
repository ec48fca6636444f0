import FoundationEssentials
import PipelatchCore

/// GitHub's answers, as far as they are read, in the vendor's own order.
/// https://github.com/github/rest-api-description, version 2026-03-10
enum GitHubWire {
  /// One page of a list; the next one is named by the answer's `Link`.
  protocol Page: Decodable, Sendable {
    associatedtype Item: Sendable
    var items: [Item] { get }
    /// Of the whole list, not of this page.
    var total: Int? { get }
  }

  struct Run: Decodable, Sendable {
    var id: WireID
    var name: String?
    var checkSuite: WireID?
    var branch: String?
    var commit: String?
    var path: String?
    var attempt: Int?
    var event: String?
    var status: String?
    var conclusion: String?
    var workflow: WireID?
    var url: String?
    var created: Moment?
    var updated: Moment?
    var started: Moment?
    var repository: Lenient<Repository>?
    var headRepository: Lenient<Repository>?
    var title: String?

    enum CodingKeys: String, CodingKey {
      case id, name, path, event, status, conclusion, repository
      case checkSuite = "check_suite_id"
      case branch = "head_branch"
      case commit = "head_sha"
      case attempt = "run_attempt"
      case workflow = "workflow_id"
      case url = "html_url"
      case created = "created_at"
      case updated = "updated_at"
      case started = "run_started_at"
      case headRepository = "head_repository"
      case title = "display_title"
    }

    /// The file that the workflow stands in, without its folders; reused ones carry `@REF` behind it.
    var file: String? {
      path?.split(separator: "@").first?.split(separator: "/").last.map(String.init)
    }

    /// The branch or tag, led by its owner where it is a fork's: anybody's fork may have a branch `main`.
    var ref: String? {
      guard let branch else { return nil }
      guard let home = repository?.value?.name, let head = headRepository?.value?.name,
        home.lowercased() != head.lowercased()
      else { return branch }
      return "\(head.split(separator: "/").first ?? "fork"):\(branch)"
    }

    /// Runs of one kind may make way for each other.
    var kind: [String?] { [workflow?.text ?? path ?? name, event, ref] }

    var number: Int64 { Int64(id.text) ?? 0 }

    /// The pages of the repository, where the run's own tells them.
    var site: String? {
      url.flatMap { $0.ranges(of: "/actions/runs/").first.map { $0.lowerBound } }
        .flatMap { place in url.map { String($0[..<place]) } }
    }
  }

  struct Runs: Page {
    var items: [Run]
    var total: Int?

    enum CodingKeys: String, CodingKey {
      case items = "workflow_runs"
      case total = "total_count"
    }
  }

  struct Job: Decodable, Sendable {
    var id: WireID
    var name: String?
    var status: String?
    var conclusion: String?
    var url: String?
    var started: Moment?
    var completed: Moment?

    enum CodingKeys: String, CodingKey {
      case id, name, status, conclusion
      case url = "html_url"
      case started = "started_at"
      case completed = "completed_at"
    }
  }

  struct Jobs: Page {
    var items: [Job]
    var total: Int?

    enum CodingKeys: String, CodingKey {
      case items = "jobs"
      case total = "total_count"
    }
  }

  struct CheckSuite: Decodable, Sendable {
    struct App: Decodable, Sendable { var slug: String? }

    var id: WireID
    var branch: String?
    var status: String?
    var app: App?
    var created: Moment?

    enum CodingKeys: String, CodingKey {
      case id, status, app
      case branch = "head_branch"
      case created = "created_at"
    }

    /// Other apps leave suites queued for ever; one that names no app is not known to be theirs.
    var isOfActions: Bool { (app?.slug ?? "github-actions") == "github-actions" }
  }

  struct CheckSuites: Page {
    var items: [CheckSuite]
    var total: Int?

    enum CodingKeys: String, CodingKey {
      case items = "check_suites"
      case total = "total_count"
    }
  }

  /// What holds one environment back.
  struct Pending: Decodable, Sendable {
    struct Environment: Decodable, Sendable { var name: String? }
    struct Reviewer: Decodable, Sendable {
      struct Who: Decodable, Sendable {
        var login: String?
        var name: String?
      }
      var type: String?
      var reviewer: Lenient<Who>?

      var text: String {
        let who = reviewer?.value?.login ?? reviewer?.value?.name ?? "somebody"
        return type == "Team" ? "team \(who)" : who
      }
    }

    var environment: Environment?
    var minutes: Int?
    var reviewers: [Reviewer]?

    enum CodingKeys: String, CodingKey {
      case environment, reviewers
      case minutes = "wait_timer"
    }
  }

  struct Repository: Decodable, Sendable {
    struct Role: Decodable, Sendable { var push: Bool? }

    var name: String?
    var defaultBranch: String?
    /// What the token's owner may do.
    var permissions: Role?

    enum CodingKeys: String, CodingKey {
      case permissions
      case name = "full_name"
      case defaultBranch = "default_branch"
    }
  }

  struct Commit: Decodable, Sendable { var sha: String }

  struct Workflow: Decodable, Sendable {
    var path: String
    var state: String?
  }

  struct Dispatched: Decodable, Sendable {
    var run: WireID?

    enum CodingKeys: String, CodingKey { case run = "workflow_run_id" }
  }

  struct Order: Encodable {
    var ref: String
    var inputs: [String: String]?
  }

  struct Error: Decodable, Sendable { var message: String? }

  /// A moment in ISO 8601; what is none is passed over.
  struct Moment: Decodable, Sendable {
    let value: Timestamp?

    init(from decoder: any Decoder) throws {
      let text = try? decoder.singleValueContainer().decode(String.self)
      value = text.flatMap(Timestamp.init(iso8601:))
    }
  }
}
