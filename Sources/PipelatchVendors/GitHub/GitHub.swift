import FoundationEssentials
public import PipelatchCore
import Synchronization

/// GitHub Actions: github.com, ghe.com, and GitHub Enterprise Server.
/// https://docs.github.com/en/rest/actions/workflow-runs
public struct GitHub: Vendor {
  public static let card = VendorCard(
    name: "github",
    title: "GitHub Actions",
    form: "OWNER/REPO[/WORKFLOW]",
    pages: [
      "https://HOST/O/R/actions/runs/ID[/attempts/N][/job/J]",
      "https://HOST/O/R/actions/workflows/W",
    ],
    credentials: [.token(tokens)],
    settings: [
      Setting("GITHUB_API_URL", "the server, as the runners of GitHub Enterprise Server set it"),
      Setting("GITHUB_REPOSITORY", "OWNER/REPO of github:, github:/WORKFLOW and github:@REF"),
      Setting("GITHUB_RUN_ID", "the run that pipelatch itself is part of, which is passed over"),
    ],
    notes: [
      "WORKFLOW is a file name or an id. Hosts other than github.com read GH_ENTERPRISE_TOKEN or "
        + "GITHUB_ENTERPRISE_TOKEN.",
      "Without WORKFLOW, --commit and @REF mean all runs of the commit, and all must succeed; one "
        + "that is skipped makes the whole skipped (4) unless --accept skipped. A run that was "
        + "canceled or skipped makes way for a newer one of its workflow, event and branch.",
      "All runs of a commit need a token that may read checks, because a run that is still to "
        + "appear shows as a queued check suite; fine-grained personal tokens may not, so name the "
        + "WORKFLOW with those.",
      "--key needs a workflow with an input 'pipelatch_key' whose run-name shows it: "
        + "run-name: Deploy ${{ inputs.pipelatch_key }}",
      "A job with continue-on-error fails as any other does for --fail-fast: the API does not tell "
        + "them apart.",
    ],
    documents: "https://docs.github.com/en/rest/actions/workflow-runs")

  public static let vocabularies = [statuses, conclusions]

  static let statuses: Vocabulary = [
    "requested": .queued, "queued": .queued,
    // Held back by a concurrency group.
    "pending": .queued,
    "in_progress": .running,
    // An environment's reviewers, timer or rule; `pending_deployments` tells which.
    "waiting": .waiting,
  ]

  /// What `completed` amounts to. `stale`, a run that GitHub gave up on, is no verdict and so not listed.
  static let conclusions: Vocabulary = [
    "success": .succeeded,
    "failure": .failed, "startup_failure": .failed,
    "cancelled": .canceled,
    "timed_out": .timedOut,
    "skipped": .skipped, "neutral": .skipped,
    // Says completed, and waits for a maintainer to approve a first-time contributor's run.
    "action_required": .waiting,
  ]

  /// Pages of one list at most; a run may have thousands of jobs.
  static let pages = 100
  static let dotCom = Server(host: "api.github.com")
  private static let tokens = ["GH_TOKEN", "GITHUB_TOKEN"]
  private static let enterpriseTokens = ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"]

  public let connection: Connection
  let dialect = Dialect()
  /// The repository's address below the API's.
  private let repository: String
  /// A file name or an id.
  let workflow: String?
  /// The run that waits here, which must not wait for itself.
  let own: String?
  let now: @Sendable () -> Timestamp
  let nonce: @Sendable () -> String

  /// What has to be found out about a host.
  final class Dialect: Sendable {
    static let unknown = "api-version"
    private let spoken = Mutex("2026-03-10")
    /// Where the API begins on a host that is named by its port on this machine; nil until an answer tells.
    let base = Mutex<String?>(nil)
    /// Runs that the host itself named in the answer to a dispatch.
    let started = Mutex<Set<String>>([])

    /// The API version spoken: today's, until a host says that it knows only the older one.
    /// https://docs.github.com/en/rest/about-the-rest-api/api-versions
    var version: String { spoken.withLock { $0 } }

    /// Whether asking again, in the older version, makes sense.
    func lowered(after failure: Failure) -> Bool {
      spoken.withLock { version in
        guard failure.code == Self.unknown, version != "2022-11-28" else { return false }
        version = "2022-11-28"
        return true
      }
    }
  }

  /// What a handle means.
  private enum Place {
    case run(String, attempt: Int?)
    case commit(GitHubCommit)
    case dispatched(GitHubDispatch)

    init?(_ handle: String) {
      let parts = handle.split(separator: "/", omittingEmptySubsequences: false)
      if let commit = GitHubCommit(handle: handle) {
        self = .commit(commit)
      } else if let dispatch = GitHubDispatch(handle: handle) {
        self = .dispatched(dispatch)
      } else if parts.count == 1, Int64(parts[0]) ?? 0 > 0 {
        self = .run(handle, attempt: nil)
      } else if parts.count == 3, Int64(parts[0]) ?? 0 > 0, parts[1] == "attempts",
        let attempt = Int(parts[2]), attempt > 0
      {
        self = .run(String(parts[0]), attempt: attempt)
      } else {
        return nil
      }
    }
  }

  public static func check(_ target: Target) throws(Failure) {
    let path = target.path
    let isHere = path.first == "" && path.count <= 2
    let named = isHere ? path.dropFirst() : path[...]
    guard isHere || (2...3).contains(path.count),
      named.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }),
      target.run.map({ Place($0) != nil }) ?? true
    else { throw target.malformed(card) }
  }

  public static func target(at address: WebAddress) -> Target? {
    let parts = address.parts
    guard parts.count >= 5, parts[2] == "actions" else { return nil }
    var path = Array(parts[..<2])
    var run: String?
    switch parts[3] {
    case "runs": run = parts[4]
    case "workflows": path.append(parts[4])
    default: return nil
    }
    if run != nil, parts.count >= 7, parts[5] == "attempts" { run? += "/attempts/\(parts[6])" }
    return Target(vendor: card.name, path: path, run: run, server: address.server, text: "")
  }

  public static func server(
    for target: Target, settings: [String: String]
  ) throws(Failure) -> Server {
    guard let url = settings["GITHUB_API_URL"] else { return dotCom }
    return try Server(url)
  }

  /// Tokens of github.com are not for other hosts, as its own client has it.
  public static func credentials(for server: Server) -> [CredentialForm] {
    let server = api(server)
    if server.isLoopback { return [.token(enterpriseTokens + tokens)] }
    return [
      .token(server == dotCom || server.host.hasSuffix(".ghe.com") ? tokens : enterpriseTokens)
    ]
  }

  /// The API of the host that a person names by its pages.
  private static func api(_ server: Server) -> Server {
    guard server.path.isEmpty, !server.isLoopback, server != dotCom else { return server }
    var server = server
    if server.host == "github.com" || server.host == "www.github.com" { return dotCom }
    if server.host.hasSuffix(".ghe.com") {
      if !server.host.hasPrefix("api.") { server.host = "api." + server.host }
    } else {
      server.path = "/api/v3"
    }
    return server
  }

  public init(_ site: Site) throws(Failure) {
    let here = site.settings["GITHUB_REPOSITORY"]
    var path = site.target.path
    if path.first == "" {
      let parts = (here ?? "").split(separator: "/").map(String.init)
      guard parts.count == 2 else {
        throw Failure(
          .notConfigured, "'\(site.target.text)' names no repository",
          remedy: "Write github:OWNER/REPO; within GitHub Actions GITHUB_REPOSITORY tells it")
      }
      path = parts + path.dropFirst()
    }
    repository = "/repos/\(path[0].percentEncoded)/\(path[1].percentEncoded)"
    workflow = path.count > 2 ? path[2] : nil
    let isHere = here?.lowercased() == "\(path[0])/\(path[1])".lowercased()
    own = isHere ? site.settings["GITHUB_RUN_ID"] : nil
    (now, nonce) = (site.now, site.nonce)
    var site = site
    site.server = Self.api(site.server)
    let dialect = dialect
    connection = Connection(
      site,
      authorize: { request, credential in
        if request.header("Accept") == nil { request.set("Accept", "application/vnd.github+json") }
        request.set("X-GitHub-Api-Version", dialect.version)
        request.set("User-Agent", "pipelatch")
        if case .token(let token, _) = credential {
          request.set("Authorization", "Bearer \(token.revealed())")
        }
      }, explain: Self.explain)
  }

  /// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
  private static let explain: Connection.Explain = { response in
    guard response.status >= 400 else { return nil }
    let body = try? JSONDecoder().decode(GitHubWire.Error.self, from: Data(response.body))
    var complaint = Complaint(message: body?.message)
    let message = body?.message?.lowercased() ?? ""
    let exhausted = response.header("x-ratelimit-remaining") == "0"
    switch response.status {
    case 400 where message.contains("version"), 400 where message.contains("return_run_details"),
      422 where message.contains("return_run_details"),
      422 where message.contains("api version"):
      complaint.code = Dialect.unknown
    case 403, 429:
      if response.header("retry-after") != nil || exhausted || message.contains("rate limit") {
        complaint.kind = .throttled
        // "Wait for at least one minute" where no header says how long.
        let told = exhausted && response.header("x-ratelimit-reset") != nil
        if response.header("retry-after") == nil, !told { complaint.retryAfter = .seconds(60) }
      } else if let rights = response.header("x-accepted-github-permissions"), !rights.isEmpty {
        complaint.remedy = "The token must be allowed this: \(rights.prefix(100))"
      }
    case 404:
      complaint.remedy =
        "Check the target; GitHub says the same where the token may not see the repository"
    default: break
    }
    return complaint
  }
}

extension GitHub {
  public func find(
    _ selector: Selector, passedOver: inout Set<String>
  ) async throws(Failure) -> Found? {
    var gathering = GitHubCommit(ref: selector.ref, since: selector.since)
    if let commit = selector.commit {
      guard let full = try await full(commit) else { return nil }
      gathering.commit = full
    }
    if workflow == nil, selector.commit != nil {
      return try await gather(gathering).map(Found.init)
    }
    var query = [Request.Pair("per_page", "30")]
    if let ref = selector.ref {
      let isFull = ref.hasPrefix("refs/heads/") || ref.hasPrefix("refs/tags/")
      let name = isFull ? ref.split(separator: "/").dropFirst(2).joined(separator: "/") : ref
      query.append(Request.Pair("branch", name))
    }
    if selector.commit != nil { query.append(Request.Pair("head_sha", gathering.commit)) }
    let page = try await read(Link(listPath, query), as: GitHubWire.Runs.self).value
    let candidates = page.items.sorted { $0.number > $1.number }
    guard
      let newest = candidates.first(where: {
        $0.id.text != own && isOurs($0) && selector.admits(Self.model($0))
      })
    else { return nil }
    if workflow == nil, selector.ref != nil {
      guard let commit = newest.commit else {
        throw Failure(.unreadable, "run \(newest.id.text) names no commit")
      }
      gathering.commit = commit
      return try await gather(gathering).map(Found.init)
    }
    return Found(try await whole(newest))
  }

  public func look(_ handle: String) async throws(Failure) -> Run {
    switch Place(handle) {
    case .run(let id, let attempt): return try await run(id, attempt: attempt)
    case .commit(let gathering):
      if let run = try await gather(gathering) { return run }
      throw Failure(.missing, "commit \(gathering.commit) has no runs")
    case .dispatched(let dispatch): return try await run(of: dispatch)
    case nil:
      throw Failure(.usage, "'\(handle)' is no run", remedy: "Write its id, a number")
    }
  }

  var listPath: String {
    root + "/actions" + (workflow.map { "/workflows/\($0.percentEncoded)" } ?? "") + "/runs"
  }

  var root: String { (dialect.base.withLock { $0 } ?? "") + repository }

  /// A port of this machine may lead to a server whose API begins below `/api/v3`, or to one like api.github.com.
  var isUnsettled: Bool {
    let server = connection.server
    return server.isLoopback && server.path.isEmpty && dialect.base.withLock { $0 } == nil
  }

  /// Reads a JSON value; a host that refuses today's API version is asked again in the older one.
  func read<Value: Decodable & Sendable>(
    _ link: Link, as type: Value.Type = Value.self
  ) async throws(Failure) -> (value: Value, response: Response) {
    var first: Failure?
    for base in isUnsettled ? ["", "/api/v3"] : [""] {
      do {
        let answer = try await page(link, below: base, as: type)
        dialect.base.withLock { $0 = $0 ?? base }
        return answer
      } catch {
        guard error.kind == .missing else { throw first ?? error }
        first = first ?? error
      }
    }
    throw first ?? Failure(.missing, "the vendor knows no such address")
  }

  private func page<Value: Decodable & Sendable>(
    _ link: Link, below base: String, as type: Value.Type
  ) async throws(Failure) -> (value: Value, response: Response) {
    do {
      return try await connection.page(base + link.path, query: link.query, as: type)
    } catch  where dialect.lowered(after: error) {
      return try await connection.page(base + link.path, query: link.query, as: type)
    }
  }

  /// Every item of a list, page after page. Throws `.unreadable` where some are missing: one of them may have failed.
  func all<Page: GitHubWire.Page>(
    _ link: Link, as type: Page.Type = Page.self
  ) async throws(Failure) -> [Page.Item] {
    var items: [Page.Item] = []
    var next: Link? = link
    var total = 0
    for _ in 0..<Self.pages {
      guard let link = next else {
        if items.count >= total { return items }
        throw Failure(
          .unreadable, "the list \(link.path) ends after \(items.count) of \(total) items")
      }
      let (page, response) = try await read(link, as: type)
      items += page.items
      total = page.total ?? 0
      next = try Link(after: response, from: connection.server)
    }
    throw Failure(.unreadable, "the list \(link.path) does not end")
  }
}
