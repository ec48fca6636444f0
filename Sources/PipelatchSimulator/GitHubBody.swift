import FoundationEssentials

/// What GitHub says of a run and of what belongs to it, with every field that its description requires.
/// https://github.com/github/rest-api-description
enum GitHubBody {
  static let fullName = "demo/shop"
  static let repositoryID = 1_296_269
  static let file = "ci.yml"
  static let workflowID = 161_335
  static let inputs: Set = ["environment", "pipelatch_key"]
  static let api = "https://api.github.com/repos/demo/shop"
  static let site = "https://github.com/demo/shop"

  static let source = """
    name: CI
    run-name: CI ${{ inputs.pipelatch_key }}
    on:
      push:
      workflow_dispatch:
        inputs:
          environment:
            default: production
          pipelatch_key:
            required: false
    jobs: {}
    """

  static func id(of entry: Ledger.Entry) -> Int { 30_433_000_000 + entry.number }

  /// GitHub's two words, a status and a conclusion.
  private static func words(_ phase: Phase) -> (String, String?) {
    switch phase {
    case .queued: ("queued", nil)
    case .running: ("in_progress", nil)
    case .waiting: ("waiting", nil)
    case .succeeded: ("completed", "success")
    case .failed: ("completed", "failure")
    case .canceled: ("completed", "cancelled")
    case .timedOut: ("completed", "timed_out")
    case .skipped: ("completed", "skipped")
    }
  }

  static func run(_ entry: Ledger.Entry, _ shot: Snapshot, _ now: Date) -> JSON {
    let id = id(of: entry)
    let url = "\(api)/actions/runs/\(id)"
    let (status, conclusion) = words(shot.phase)
    let suite = suiteID(of: entry)
    let key = entry.inputs["pipelatch_key"].map { " \($0)" } ?? ""
    let created = moment(entry.createdAt)
    var run: [String: JSON] = [
      "id": .int(id), "name": "CI", "node_id": "WFR_\(id)", "check_suite_id": .int(suite),
      "check_suite_node_id": "CS_\(suite)", "head_branch": .string(entry.ref),
      "head_sha": .string(entry.commit), "path": ".github/workflows/\(file)",
      "display_title": "CI\(key)", "run_number": .int(entry.number), "run_attempt": 1,
      "event": entry.order == .null ? "push" : "workflow_dispatch",
      "status": .string(status), "conclusion": JSON(conclusion),
      "workflow_id": .int(workflowID), "url": .string(url),
      "html_url": "\(site)/actions/runs/\(id)", "pull_requests": [], "referenced_workflows": [],
      "created_at": created, "run_started_at": created,
      "updated_at": moment(min(now, entry.moment(shot.end ?? .infinity))),
      "previous_attempt_url": nil, "workflow_url": "\(api)/actions/workflows/\(workflowID)",
      "actor": person, "triggering_actor": person, "head_commit": commit(entry),
      "repository": repository(), "head_repository": repository(),
      "check_suite_url": "\(api)/check-suites/\(suite)",
    ]
    for name in ["jobs", "logs", "artifacts", "cancel", "rerun"] {
      run[name + "_url"] = .string("\(url)/\(name)")
    }
    return .object(run)
  }

  /// A gate is no job of its own: the job behind it waits for its environment's reviewers.
  static func jobs(_ entry: Ledger.Entry, _ shot: Snapshot) -> [JSON] {
    var isShut = false
    var jobs: [JSON] = []
    for (position, item) in shot.jobs.enumerated() {
      if item.job.gate {
        isShut = item.job.phase == .waiting
      } else {
        let isHeld = isShut && item.job.phase == .queued
        jobs.append(job(item.job, isHeld ? .waiting : item.job.phase, position, of: entry))
      }
    }
    return jobs
  }

  private static func job(
    _ job: Snapshot.Job, _ phase: Phase, _ position: Int, of entry: Ledger.Entry
  ) -> JSON {
    let (run, id) = (id(of: entry), jobID(position, entry))
    let (status, conclusion) = words(phase)
    let ran = job.begin != nil
    let begin = moment(entry.moment(job.begin ?? 0))
    return [
      "id": .int(id), "run_id": .int(run), "run_url": "\(api)/actions/runs/\(run)",
      "run_attempt": 1, "node_id": "CR_\(id)", "head_sha": .string(entry.commit),
      "head_branch": .string(entry.ref), "workflow_name": "CI", "name": .string(job.name),
      "url": "\(api)/actions/jobs/\(id)", "html_url": "\(site)/actions/runs/\(run)/job/\(id)",
      "check_run_url": "\(api)/check-runs/\(id)",
      "status": .string(status), "conclusion": JSON(conclusion),
      "created_at": moment(entry.createdAt), "started_at": begin,
      "completed_at": phase.ended ? moment(entry.moment(job.end ?? job.begin ?? 0)) : nil,
      "labels": ["ubuntu-latest"],
      "runner_id": ran ? 7 : nil, "runner_name": ran ? "GitHub Actions 7" : nil,
      "runner_group_id": ran ? 2 : nil, "runner_group_name": ran ? "GitHub Actions" : nil,
      "steps": ran
        ? [
          [
            "name": "Run", "number": 1,
            "status": .string(phase.ended ? "completed" : "in_progress"),
            "conclusion": JSON(conclusion), "started_at": begin,
          ]
        ] : [],
    ]
  }

  /// The text of a job's log, or nil where the run has no such job.
  static func log(of job: String, _ entry: Ledger.Entry, _ shot: Snapshot) -> String? {
    let jobs = shot.jobs.map(\.job)
    guard let place = jobs.indices.first(where: { String(jobID($0, entry)) == job }) else {
      return nil
    }
    let begin = entry.moment(jobs[place].begin ?? 0).ISO8601Format().dropLast()
    var lines = jobs[place].log
    if jobs[place].phase == .failed, let last = lines.popLast() { lines.append("##[error]\(last)") }
    return lines.map { "\(begin).0000000Z \($0)\n" }.joined()
  }

  static func checkSuite(_ entry: Ledger.Entry, _ shot: Snapshot, _ now: Date) -> JSON {
    let id = suiteID(of: entry)
    let (status, conclusion) = words(shot.phase)
    let jobs = jobs(entry, shot)
    return [
      "id": .int(id), "node_id": "CS_\(id)", "head_branch": .string(entry.ref),
      "head_sha": .string(entry.commit), "status": .string(status), "conclusion": JSON(conclusion),
      "url": "\(api)/check-suites/\(id)", "before": .string(String(repeating: "0", count: 40)),
      "after": .string(entry.commit), "pull_requests": [], "app": app, "repository": repository(),
      "created_at": moment(entry.createdAt),
      "updated_at": moment(min(now, entry.moment(shot.end ?? .infinity))),
      "head_commit": commit(entry), "latest_check_runs_count": .int(jobs.count),
      "check_runs_url": "\(api)/check-suites/\(id)/check-runs",
      "rerequestable": true, "runs_rerequestable": true,
    ]
  }

  static let pending: JSON = [
    "environment": [
      "id": 161_088_068, "node_id": "EN_161088068", "name": "production",
      "url": "\(api)/environments/production",
      "html_url": "\(site)/deployments/activity_log?environments_filter=production",
    ],
    "wait_timer": 0, "wait_timer_started_at": nil, "current_user_can_approve": true,
    "reviewers": [["type": "User", "reviewer": person]],
  ]

  static let workflow: JSON = [
    "id": .int(workflowID), "node_id": "W_\(workflowID)", "name": "CI",
    "path": ".github/workflows/\(file)", "state": "active",
    "created_at": "2026-01-08T23:48:37Z", "updated_at": "2026-01-08T23:50:21Z",
    "url": "\(api)/actions/workflows/\(workflowID)",
    "html_url": "\(site)/blob/main/.github/workflows/\(file)",
    "badge_url": "\(site)/workflows/CI/badge.svg",
  ]

  /// `isWhole` adds what only the repository's own address tells.
  static func repository(isWhole: Bool = false) -> JSON {
    var body: [String: JSON] = [
      "id": .int(repositoryID), "node_id": "R_\(repositoryID)", "name": "shop",
      "full_name": .string(fullName), "owner": person, "private": true, "fork": false,
      "html_url": .string(site), "description": nil, "url": .string(api),
    ]
    if isWhole {
      body["default_branch"] = "main"
      body["permissions"] = ["admin": false, "push": true, "pull": true]
    }
    for place in places {
      let word = place.prefix { $0 != "{" && $0 != "?" }.split(separator: "/").joined(
        separator: "_")
      body[(names[word] ?? word) + "_url"] = .string("\(api)/\(place)")
    }
    return .object(body)
  }

  private static let places = [
    "{archive_format}{/ref}", "assignees{/user}", "git/blobs{/sha}", "branches{/branch}",
    "collaborators{/collaborator}", "comments{/number}", "commits{/sha}", "compare/{base}...{head}",
    "contents/{+path}", "contributors", "deployments", "downloads", "events", "forks",
    "git/commits{/sha}", "git/refs{/sha}", "git/tags{/sha}", "hooks", "issues/comments{/number}",
    "issues/events{/number}", "issues{/number}", "keys{/key_id}", "labels{/name}", "languages",
    "merges", "milestones{/number}", "notifications{?since,all,participating}", "pulls{/number}",
    "releases{/id}", "stargazers", "statuses/{sha}", "subscribers", "subscription", "tags", "teams",
    "git/trees{/sha}",
  ]

  /// Where the field is not named as its place is.
  private static let names = [
    "": "archive", "git_blobs": "blobs", "git_trees": "trees",
    "issues_comments": "issue_comment", "issues_events": "issue_events",
  ]

  private static let person: JSON = {
    let url = "https://api.github.com/users/demo"
    var body: [String: JSON] = [
      "login": "demo", "id": 583_231, "node_id": "U_583231", "gravatar_id": "", "type": "User",
      "avatar_url": "https://avatars.githubusercontent.com/u/583231", "site_admin": false,
      "url": .string(url), "html_url": "https://github.com/demo",
      "organizations_url": "\(url)/orgs",
    ]
    for place in [
      "followers", "following{/other_user}", "gists{/gist_id}", "starred{/owner}{/repo}",
      "subscriptions", "repos", "events{/privacy}", "received_events",
    ] {
      body[place.prefix { $0 != "{" } + "_url"] = .string("\(url)/\(place)")
    }
    return .object(body)
  }()

  private static let app: JSON = [
    "id": 15368, "slug": "github-actions", "node_id": "A_15368", "owner": person,
    "name": "GitHub Actions", "description": nil, "external_url": "https://help.github.com",
    "html_url": "https://github.com/apps/github-actions", "created_at": "2018-07-30T09:30:17Z",
    "updated_at": "2024-04-10T20:33:16Z", "permissions": ["actions": "write", "checks": "write"],
    "events": ["check_suite"],
  ]

  private static func commit(_ entry: Ledger.Entry) -> JSON {
    [
      "id": .string(entry.commit), "tree_id": .string(String(entry.commit.reversed())),
      "message": "Round the totals", "timestamp": moment(entry.createdAt),
      "author": ["name": "Demo", "email": "demo@example.com"],
      "committer": ["name": "Demo", "email": "demo@example.com"],
    ]
  }

  private static func suiteID(of entry: Ledger.Entry) -> Int { 70_000_000 + entry.number }

  private static func jobID(_ position: Int, _ entry: Ledger.Entry) -> Int {
    80_000_000_000 + entry.number * 100 + position
  }

  private static func moment(_ date: Date) -> JSON { .string(date.ISO8601Format()) }
}
