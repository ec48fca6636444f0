import FoundationEssentials
public import PipelatchCore
import Synchronization

/// A dispatch that was taken, on a host that does not tell the new run's id.
struct GitHubDispatch: Hashable, Sendable {
  /// No run of it is older, by the server's clock.
  var since: Timestamp
  var ref: String
  /// What the run's title shows, or nil where the workflow shows no mark.
  var mark: String?

  init(since: Timestamp, ref: String, mark: String?) {
    self.since = since
    self.ref = ref
    self.mark = mark
  }

  /// Nil where the handle is none of a dispatch.
  init?(handle: String) {
    let parts = handle.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0] == "dispatched", let since = Int64(parts[1]) else {
      return nil
    }
    self.since = Timestamp(milliseconds: since)
    ref = String(parts[2])
    mark = parts[3].isEmpty ? nil : String(parts[3])
  }

  var handle: String { "dispatched:\(since.milliseconds):\(ref):\(mark ?? "")" }

  /// The input by which a run carries a mark into its title.
  static let input = "pipelatch_key"

  /// The mark of a key, with an end, so that `v1` is not found in `v10`.
  static func mark(_ key: String) throws(Failure) -> String {
    guard !key.isEmpty, key.allSatisfy({ !"[]".contains($0) && !$0.isNewline }) else {
      throw Failure(.usage, "a key for GitHub has neither brackets nor line ends")
    }
    return "[pipelatch \(key)]"
  }

  /// Whether a run of the workflow shows the mark in its title; read by lines, for YAML that people write.
  static func isShown(by file: String) -> Bool {
    let lines = file.split(omittingEmptySubsequences: false) { $0.isNewline }
    guard let begin = lines.firstIndex(where: { $0.hasPrefix("run-name:") }) else { return false }
    let more = lines[(begin + 1)...].prefix { $0.isEmpty || $0.hasPrefix(" ") }
    let title = ([lines[begin]] + more).joined(separator: " ")
    let declared = lines.contains { line in
      line.hasPrefix(" ") && line.drop { $0 == " " }.hasPrefix("\(input):")
    }
    return declared && title.contains("inputs.\(input)")
  }
}

extension GitHub: Markable {
  /// How far a run's own time may lie before the answer to its dispatch.
  private static let slack = Duration.seconds(5)
  /// A run without a mark is taken for ours only when this has passed and no other has appeared beside it.
  private static let settling = Duration.seconds(10)

  /// https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event
  public func start(_ order: Order) async throws(Failure) -> Found {
    guard workflow != nil else {
      throw Failure(
        .usage, "which workflow to start is not said", remedy: "Write github:OWNER/REPO/WORKFLOW")
    }
    if order.commit != nil {
      throw Failure(.usage, "GitHub starts a branch or a tag, not a commit", remedy: "Use --ref")
    }
    if isUnsettled {
      _ = try? await read(Link(listPath, [.init("per_page", "1")]), as: GitHubWire.Runs.self)
    }
    let ref: String
    if let named = order.ref { ref = named } else { ref = try await defaultBranch() }
    let mark = try await mark(for: order, at: ref)
    var inputs = Dictionary(
      order.inputs.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
    if let mark { inputs[GitHubDispatch.input] = mark }
    var request = Request(
      .post, connection.server,
      path: workflowPath + "/dispatches")
    request.set("Content-Type", "application/json")
    request.body = try Self.json(
      GitHubWire.Order(ref: ref, inputs: inputs.isEmpty ? nil : inputs))
    let response = try await dispatch(request)
    if let id = try Self.run(in: response, to: request) {
      dialect.started.withLock { _ = $0.insert(id) }
      return Found(handle: id)
    }
    let date = response.header("date").flatMap(Timestamp.init(httpDate:)) ?? serverNow
    let dispatch = GitHubDispatch(since: date - Self.slack, ref: ref, mark: mark)
    return Found(handle: dispatch.handle, identified: false)
  }

  /// The one POST; only one that was refused for its API version, which starts nothing, is sent in the older one.
  private func dispatch(_ request: Request) async throws(Failure) -> Response {
    do {
      return try await connection.send(request)
    } catch  where dialect.lowered(after: error) {
      return try await connection.send(request)
    } catch  where (300..<400).contains(error.status ?? 0) {
      throw Failure(
        .rejected, "the repository has moved, and nothing was started",
        remedy: "Name it as it is called now", address: error.address, status: error.status)
    }
  }

  /// Nil where the host does not tell: 204 without a body, as before 2026-03-10.
  private static func run(
    in response: Response, to request: Request
  ) throws(Failure) -> String? {
    if response.status == 204 || response.body.isEmpty { return nil }
    let body = Data(response.body)
    guard let answer = try? JSONDecoder().decode(GitHubWire.Dispatched.self, from: body) else {
      throw Failure(
        .unreadable, "the answer to the dispatch is not what the documents say",
        address: request.address, status: response.status)
    }
    return answer.run?.text
  }

  private func defaultBranch() async throws(Failure) -> String {
    let repository = try await read(Link(root), as: GitHubWire.Repository.self).value
    if let branch = repository.defaultBranch { return branch }
    throw Failure(.usage, "the repository names no default branch", remedy: "Use --ref")
  }

  /// The run that a dispatch started: the only one it can be, or nothing.
  func run(of dispatch: GitHubDispatch) async throws(Failure) -> Run {
    let since = dispatch.since.date.formatted(.iso8601)
    let query = [
      Request.Pair("event", "workflow_dispatch"), Request.Pair("created", ">=\(since)"),
      Request.Pair("per_page", "100"),
    ]
    let runs = try await all(Link(listPath, query), as: GitHubWire.Runs.self)
    let candidates = runs.filter { run in
      run.event == "workflow_dispatch" && isOurs(run)
        && run.created?.value.map { $0 >= dispatch.since } ?? true
        && run.ref.map { Selector.names($0, dispatch.ref) } ?? true
        && dispatch.mark.map { run.title?.contains($0) == true } ?? true
    }
    guard candidates.count < 2 else {
      let ids = candidates.map(\.id.text).sorted().joined(separator: ", ")
      throw Failure(
        .uncertain, "the host does not say which run was started, and it may be any of \(ids)",
        remedy: "Let the workflow's run-name show ${{ inputs.\(GitHubDispatch.input) }}")
    }
    let settled = dispatch.mark != nil || serverNow > dispatch.since + Self.slack + Self.settling
    guard let only = candidates.first, settled else {
      throw Failure(.missing, "the run that was dispatched has not appeared yet")
    }
    return try await whole(only)
  }

  var serverNow: Timestamp { now() + (connection.skew ?? .zero) }

  public func find(
    marked key: String, passedOver: inout Set<String>
  ) async throws(Failure) -> Found? {
    let mark = try GitHubDispatch.mark(key)
    guard workflow != nil else { return nil }
    let query = [Request.Pair("event", "workflow_dispatch"), Request.Pair("per_page", "100")]
    var seen: Set<String> = []
    var next: Link? = Link(listPath, query)
    for _ in 0..<Self.pages {
      guard let link = next else { break }
      let (page, response) = try await read(link, as: GitHubWire.Runs.self)
      for run in page.items where isOurs(run) && run.title?.contains(mark) == true {
        return Found(handle: run.id.text)
      }
      // Behind what an earlier call has read to the end there is nothing new.
      let isKnown = page.items.contains { passedOver.contains($0.id.text) }
      seen.formUnion(page.items.map(\.id.text))
      next = isKnown ? nil : try Link(after: response, from: connection.server)
    }
    passedOver.formUnion(seen)
    return nil
  }

  /// What marks the run: the key, or on hosts that may not tell the run's id a mark of its own.
  private func mark(for order: Order, at ref: String) async throws(Failure) -> String? {
    let taken = order.inputs.contains { $0.key == GitHubDispatch.input }
    guard let key = order.key else {
      if connection.server == Self.dotCom || taken { return nil }
      return (try? await carriesMark(at: ref)) == true ? try GitHubDispatch.mark(nonce()) : nil
    }
    if taken {
      throw Failure(.usage, "'\(GitHubDispatch.input)' carries --key and cannot be an --input too")
    }
    guard try await carriesMark(at: ref) else {
      throw Failure(
        .usage, "the workflow cannot carry --key",
        remedy: "Give it an input '\(GitHubDispatch.input)', and show it: "
          + "run-name: Deploy ${{ inputs.\(GitHubDispatch.input) }}")
    }
    return try GitHubDispatch.mark(key)
  }

  /// Whether the workflow, as it stands at the ref, shows its mark in the title of its runs.
  private func carriesMark(at ref: String) async throws(Failure) -> Bool {
    let place = try await read(Link(workflowPath), as: GitHubWire.Workflow.self).value.path
    return GitHubDispatch.isShown(by: try await file(place, at: ref))
  }

  private var workflowPath: String {
    root + "/actions/workflows/\((workflow ?? "").percentEncoded)"
  }

  /// A file of the repository; at its default branch where no ref is named.
  private func file(_ place: String, at ref: String? = nil) async throws(Failure) -> String {
    let path = place.split(separator: "/").map { String($0).percentEncoded }.joined(separator: "/")
    let request = Request(
      .get, connection.server, path: root + "/contents/\(path)",
      query: ref.map { [Request.Pair("ref", $0)] } ?? [],
      headers: [Request.Pair("Accept", "application/vnd.github.raw+json")])
    return try await connection.send(request).text
  }

  private static func json(_ value: some Encodable) throws(Failure) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else {
      throw Failure(.fault, "the trigger could not be written as JSON")
    }
    return Array(data)
  }
}

extension GitHub: Permitting {
  /// A classic token tells its scopes, and the repository what the token's owner may do.
  public func permission() async throws(Failure) -> Permission {
    guard workflow != nil else {
      return .untold("only a WORKFLOW can be started, and none is named")
    }
    let (repository, response) = try await read(Link(root), as: GitHubWire.Repository.self)
    let found = try await read(Link(workflowPath), as: GitHubWire.Workflow.self).value
    if let state = found.state, state != "active" { return .denied("the workflow is \(state)") }
    if let text = try? await file(found.path), !text.contains("workflow_dispatch") {
      return .denied("the workflow has no workflow_dispatch among its events")
    }
    if repository.permissions?.push == false {
      return .denied("the token's owner may not write to the repository, as a dispatch needs")
    }
    let scopes = (response.header("x-oauth-scopes") ?? "").split { ", ".contains($0) }
    guard !scopes.isEmpty else {
      return .untold("only a trigger would show whether the token has 'actions: write'")
    }
    let suffices = scopes.contains("repo") || scopes.contains("public_repo")
    return suffices
      ? .allowed("allowed by the token's scope \(scopes.joined(separator: ", "))")
      : .denied(
        "the token has the scope \(scopes.joined(separator: ", ")), and a dispatch needs repo")
  }
}
