public import PipelatchCore
import Synchronization

/// Buildbot. The run is the build request: a build whose worker is lost is built again, and a request may end without one.
/// https://docs.buildbot.net/latest/developer/rest.html
public struct Buildbot: Vendor {
  public static let card = VendorCard(
    name: "buildbot",
    title: "Buildbot",
    form: "BUILDER",
    pages: ["http(s)://HOST/#/builders/B[/builds/N]", "http(s)://HOST/#/buildrequests/N"],
    credentials: [.login(user: "BUILDBOT_USER", password: "BUILDBOT_PASSWORD"), .anonymous],
    settings: [
      Setting("BUILDBOT_FORCE_SCHEDULER", "the force scheduler, where a builder has several")
    ],
    notes: [
      "There is no default server: give --server or a web address.",
      "#RUN is a build's number, or request:N for a build request, which is what trigger starts.",
      "A builder can be triggered where a ForceScheduler drives it, with the inputs it asks for.",
      "A build may survive a failed step and does not tell before its end; --fail-fast does not wait.",
    ],
    documents: "https://docs.buildbot.net/latest/developer/rest.html")

  public static let vocabularies = [words]

  /// https://docs.buildbot.net/latest/developer/results.html
  static let words: Vocabulary = [
    "0": .succeeded,
    // With warnings.
    "1": .succeeded,
    "2": .failed,
    "3": .skipped,
    // An exception.
    "4": .failed,
    // Given up, to be built again.
    "5": .running,
    "6": .canceled,
  ]

  private static let ticket = "request:"
  /// Lines of Buildbot's own that a log may end with.
  private static let trailer = 50

  private let master: BuildbotMaster
  private let place: Place
  private let scheduler: String?
  private let known = Known()

  private enum Place: Sendable {
    case name(String)
    /// A builder's page, whose number is no name.
    case id(String)
    /// A request's page, which names no builder.
    case request
  }

  private final class Known: Sendable {
    let builder = Mutex<BuildbotMaster.Builder?>(nil)
    /// The request of a build by the build's number, which never changes.
    let requests = Mutex<[String: String]>([:])
    /// Whether the master has no events to tell.
    let silent = Mutex(false)
  }

  public var connection: Connection { master.connection }

  public static func check(_ target: Target) throws(Failure) {
    let isTicket = target.run?.hasPrefix(ticket) == true
    let number = isTicket ? target.run.map { String($0.dropFirst(ticket.count)) } : target.run
    guard number?.isNumber ?? true, target.path.isEmpty ? isTicket : target.path != [""] else {
      throw target.malformed(card)
    }
  }

  public static func target(at address: WebAddress) -> Target? {
    let parts = address.fragment
    var target = Target(vendor: card.name, path: [], server: address.server, text: "")
    target.server?.path = address.parts.map { "/" + $0.percentEncoded }.joined()
    switch (parts.first, parts.count) {
    case ("builders", 2): target.path = [parts[1]]
    case ("builders", 4...) where parts[2] == "builds":
      target.path = [parts[1]]
      target.run = parts[3]
    case ("buildrequests", 2): target.run = ticket + parts[1]
    default: return nil
    }
    return target
  }

  public static func server(
    for target: Target, settings: [String: String]
  ) throws(Failure) -> Server {
    throw Failure(.usage, "there is no default Buildbot server", remedy: "Name it with --server")
  }

  public init(_ site: Site) throws(Failure) {
    master = BuildbotMaster(site)
    scheduler = site.settings["BUILDBOT_FORCE_SCHEDULER"]
    let name = site.target.path.joined(separator: "/")
    let text = site.target.text
    let isPage = text.hasPrefix("http://") || text.hasPrefix("https://")
    place = name.isEmpty ? .request : isPage && name.isNumber ? .id(name) : .name(name)
  }
}

extension Buildbot {
  public func find(
    _ selector: Selector, passedOver: inout Set<String>
  ) async throws(Failure) -> Found? {
    let any = selector.ref == nil && selector.commit == nil
    let builder = try await builder()
    for request in try await master.requests(of: builder, last: any ? 1 : BuildbotMaster.page) {
      let handle = Self.handle(request.buildrequestid)
      if passedOver.contains(handle) { continue }
      let run = try await model(request, as: handle)
      if selector.admits(run) { return Found(run) }
      // Which commit is built may be told only by the build.
      if run.state.ended { passedOver.insert(handle) }
    }
    return nil
  }

  public func look(_ handle: String) async throws(Failure) -> Run {
    try await model(try await request(of: handle), as: handle)
  }

  private static func handle(_ request: Int64) -> String { ticket + String(request) }

  private func request(of handle: String) async throws(Failure) -> BuildbotMaster.BuildRequest {
    try await master.request(try await number(of: handle))
  }

  private func number(of handle: String) async throws(Failure) -> String {
    if handle.hasPrefix(Self.ticket) { return String(handle.dropFirst(Self.ticket.count)) }
    if let request = known.requests.withLock({ $0[handle] }) { return request }
    let build = try await master.build(handle, of: try await builder())
    let request = String(build.buildrequestid)
    known.requests.withLock { $0[handle] = request }
    return request
  }

  private func builder(
    of request: BuildbotMaster.BuildRequest? = nil
  ) async throws(Failure) -> BuildbotMaster.Builder {
    if let builder = known.builder.withLock({ $0 }) { return builder }
    var found: [BuildbotMaster.Builder]
    switch place {
    case .id(let id): found = try await master.builders(with: id)
    case .name(let name):
      found = try await master.builders(named: name)
      if found.isEmpty, name.isNumber { found = try await master.builders(with: name) }
    case .request:
      guard let request else {
        throw Failure(.usage, "the page of a request names no builder")
      }
      found = try await master.builders(with: String(request.builderid))
    }
    guard found.count == 1, let builder = found.first else {
      throw Failure(.missing, "\(connection.server.text) has no such builder")
    }
    known.builder.withLock { $0 = builder }
    return builder
  }

  /// Only the request tells the end: of its builds one may be given up, and there may be none.
  private static func state(of request: BuildbotMaster.BuildRequest) -> State {
    if request.complete { return words[request.results.map { String($0) }] }
    return request.claimed == true ? .running : .queued
  }

  private func model(
    _ request: BuildbotMaster.BuildRequest, as handle: String
  ) async throws(Failure) -> Run {
    let builder = try await builder(of: request)
    guard request.builderid == builder.builderid else {
      throw Failure(
        .missing, "build request \(request.buildrequestid) is none of builder \(builder.name)")
    }
    let builds = try await master.builds(of: request)
    let pages = "\(connection.server.text)/#"
    var run = Run(id: handle, state: Self.state(of: request))
    run.createdAt = request.submitted_at?.moment
    run.startedAt = builds.last?.started_at?.moment
    run.finishedAt = request.complete ? request.complete_at?.moment : nil
    run.notes = Self.notes(on: request, builds)
    if let build = builds.first {
      run.url = "\(pages)/builders/\(builder.builderid)/builds/\(build.number)"
      run.attempt = builds.count
      run.stages = [try await stage(build, of: builder, url: run.url)]
    } else {
      run.url = "\(pages)/buildrequests/\(request.buildrequestid)"
      switch run.state {
      case .succeeded: run.state = .unknown("success without a build")
      // Merged into a later request.
      case .skipped: run.state = .canceled
      default: break
      }
    }
    try await describe(request, builds.first, in: &run)
    return run
  }

  private func stage(
    _ build: BuildbotMaster.Build, of builder: BuildbotMaster.Builder, url: String?
  ) async throws(Failure) -> Stage {
    var stage = Stage(
      name: builder.name,
      state: build.complete ? Self.words[build.results.map { String($0) }] : .running,
      startedAt: build.started_at?.moment, finishedAt: build.complete_at?.moment)
    let steps = try await master.steps(of: build)
    // A build of nothing but hidden steps is a build all the same.
    let hides = steps.contains { $0.hidden != true }
    for step in steps {
      var state = step.started_at?.moment == nil ? State.queued : .running
      if step.complete { state = Self.words[step.results.map { String($0) }] }
      if hides, step.hidden == true, state != .failed { continue }
      stage.jobs.append(
        Job(
          id: step.stepid.map { String($0) } ?? "", name: step.name ?? "step", state: state,
          url: url,
          startedAt: step.started_at?.moment, finishedAt: step.complete_at?.moment,
          mayFail: stage.state == .succeeded))
    }
    if stage.jobs.isEmpty { stage.standAlone(as: "build \(build.number)", at: url) }
    return stage
  }

  /// A build knows the branch where there is one codebase, and what it checked out; else the sources asked for tell.
  private func describe(
    _ request: BuildbotMaster.BuildRequest, _ build: BuildbotMaster.Build?, in run: inout Run
  ) async throws(Failure) {
    run.commits = build?.properties?["got_revision"]?.texts ?? []
    var revisions: [String]
    if let branch = build?.properties?["branch"] {
      run.refs = branch.texts
      revisions = build?.properties?["revision"]?.texts ?? []
    } else {
      let sources = try await master.buildset(of: request)?.sourcestamps ?? []
      run.refs = sources.compactMap(\.branch).filter { !$0.isEmpty }
      revisions = sources.compactMap(\.revision).filter { !$0.isEmpty }
    }
    if run.commits.isEmpty { run.commits = revisions }
  }

  private static func notes(
    on request: BuildbotMaster.BuildRequest, _ builds: [BuildbotMaster.Build]
  ) -> [String] {
    var notes = builds.reversed().filter { $0.complete && $0.results == 5 }.map {
      "Build \($0.number) was given up (retry), and Buildbot builds its request again."
    }
    switch (request.complete ? request.results : nil, builds.isEmpty) {
    case (1, _): notes.append("The run succeeded with warnings.")
    case (3, true): notes.append("Superseded: Buildbot merged this request into a later one.")
    case (4, _): notes.append("It ended with an exception, in Buildbot or its worker.")
    default: break
    }
    return notes
  }
}

extension Buildbot: Markable {
  public func start(_ order: Order) async throws(Failure) -> Found {
    let builder = try await builder()
    let form = try await form(of: builder)
    let parameters = try form.filled(by: order, builder: builder.builderid)
    return Found(handle: Self.handle(try await master.force(form, parameters, on: builder)))
  }

  /// The text that buildsets are searched by is the master's to word, so the newest requests are read one by one first.
  public func find(
    marked key: String, passedOver: inout Set<String>
  ) async throws(Failure) -> Found? {
    let builder = try await builder()
    let names = ["reason", ForceScheduler.keyField]
    let bears = { (request: BuildbotMaster.BuildRequest) in
      request.builderid == builder.builderid
        && (request.properties?["reason"]?.texts == [ForceScheduler.mark(key)]
          || request.properties?[ForceScheduler.keyField]?.texts == [key])
    }
    let newest = try await master.requests(
      of: builder, last: BuildbotMaster.page, properties: names)
    if let request = newest.first(where: bears) {
      return Found(handle: Self.handle(request.buildrequestid))
    }
    if newest.count < BuildbotMaster.page { return nil }
    for buildset in try await master.buildsets(because: ForceScheduler.mark(key)) {
      let requests = try await master.requests(in: buildset, properties: names)
      if let request = requests.first(where: bears) {
        return Found(handle: Self.handle(request.buildrequestid))
      }
    }
    return nil
  }

  private func form(of builder: BuildbotMaster.Builder) async throws(Failure) -> ForceScheduler {
    let forms = try await master.forms(of: builder)
    let chosen = forms.filter { scheduler == nil || $0.name == scheduler }
    if chosen.count == 1 {
      if chosen[0].enabled != false { return chosen[0] }
      throw Failure(.rejected, "force scheduler '\(chosen[0].name)' is disabled")
    }
    if forms.isEmpty {
      throw Failure(
        .rejected, "no force scheduler drives builder \(builder.name)",
        remedy: "Add a ForceScheduler with this builder to the master's configuration")
    }
    throw Failure(
      .usage, "which force scheduler of builder \(builder.name) to use is not clear",
      remedy: "Set BUILDBOT_FORCE_SCHEDULER to one of: "
        + forms.map(\.name).joined(separator: ", "))
  }
}

extension Buildbot: Permitting {
  /// Buildbot tells who may force a build only to whoever tries.
  public func permission() async throws(Failure) -> Permission {
    let form = try await form(of: try await builder())
    return .untold(
      "force scheduler '\(form.name)' starts it; only a trigger shows whether you may use it")
  }
}

extension Buildbot: Cancelable, Logged, Remembered, Announcing {
  public func cancel(_ run: Run) async throws(Failure) {
    try await master.cancel(try await request(of: run.handle))
  }

  public func log(of job: Job, in run: Run, last count: Int) async throws(Failure) -> [String] {
    if job.id.isEmpty { return [] }
    let logs = try await master.logs(of: job.id).filter { $0.type == "s" || $0.type == "t" }
    guard let log = logs.first(where: { $0.slug == "stdio" }) ?? logs.last else { return [] }
    var lines = try await master.lines(of: log, last: count + Self.trailer)
    if log.type == "s" {
      // Headers, `h`, are Buildbot's own words and hold the worker's whole environment.
      let output = Set("oe".utf8)
      lines = lines.filter { $0.utf8.first.map(output.contains) ?? false }
        .map { Substring($0.utf8.dropFirst()) }
    }
    return lines.joined(separator: "\n").lines(last: count)
  }

  public func durations(like run: Run) async throws(Failure) -> [Duration] {
    try await master.builds(of: try await builder()).compactMap { build in
      guard build.complete, Self.words[build.results.map { String($0) }].ended,
        let start = build.started_at?.moment, let end = build.complete_at?.moment, end > start
      else { return nil }
      return end - start
    }
  }

  /// https://docs.buildbot.net/latest/developer/sse.html
  public func change(of run: Run) async throws(Failure) {
    if known.silent.withLock({ $0 }) { throw Failure(.missing, "the master tells no events") }
    let id = try await number(of: run.handle)
    do {
      try await connection.listen("/sse/listen/buildrequests/\(id)/*") { event throws(Failure) in
        if event.name == "event" { return true }
        // What happened between the look and the handshake is told to nobody.
        let now = try await master.request(id)
        if case .unknown = run.state, now.complete { return false }
        return Self.state(of: now) != run.state
      }
    } catch {
      if error.status == 404 { known.silent.withLock { $0 = true } }
      throw error
    }
  }
}

extension String {
  fileprivate var isNumber: Bool { !isEmpty && utf8.allSatisfy { (48...57).contains($0) } }
}
