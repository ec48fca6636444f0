import FoundationEssentials
import PipelatchCore
import Synchronization

/// A Buildbot master's REST API: what is asked of it, in its own words, with the ids in its answers verified.
/// https://docs.buildbot.net/latest/developer/rest.html
struct BuildbotMaster: Sendable {
  /// Newest entries of a list that are read at once.
  static let page = 50

  let connection: Connection
  private let login: (user: String, password: Secret)?
  private let wallet: Wallet
  private let cookie: Cookie

  private final class Cookie: Sendable {
    let text = Mutex<Secret?>(nil)
  }

  init(_ site: Site) {
    if case .login(let user, let password) = site.wallet.credential {
      login = (user, password)
    } else {
      login = nil
    }
    wallet = site.wallet
    let cookie = Cookie()
    self.cookie = cookie
    connection = Connection(
      site,
      authorize: { request, _ in
        request.set("Accept", "application/json")
        if !request.body.isEmpty { request.set("Content-Type", "application/json") }
        if let text = cookie.text.withLock({ $0 }) { request.set("Cookie", text.revealed()) }
      }, explain: Self.explain)
  }

  private static let explain: Connection.Explain = { response in
    guard response.status >= 400 else { return nil }
    let error = try? JSONDecoder().decode(Refusal.self, from: Data(response.body)).error
    // No such method; its status 501 alone would look like trouble that passes.
    return Complaint(
      code: error?.code, message: error?.message, kind: error?.code == "-32601" ? .rejected : nil)
  }

  func builders(named name: String) async throws(Failure) -> [Builder] {
    try await get("/builders", [("name", name)], as: Builders.self)
      .builders.filter { $0.name == name }
  }

  func builders(with id: String) async throws(Failure) -> [Builder] {
    try await get("/builders/\(id.percentEncoded)", as: Builders.self)
      .builders.filter { String($0.builderid) == id }
  }

  func request(_ id: String) async throws(Failure) -> BuildRequest {
    let answer = try await get("/buildrequests/\(id.percentEncoded)", as: BuildRequests.self)
    return try only(answer.buildrequests, "request \(id)") { String($0.buildrequestid) == id }
  }

  /// Newest first, with the values of some properties.
  func requests(
    of builder: Builder, last count: Int, properties: [String] = []
  ) async throws(Failure) -> [BuildRequest] {
    let query = [("order", "-buildrequestid"), ("limit", String(count))]
    return try await get(
      "/builders/\(builder.builderid)/buildrequests", query + properties.map { ("property", $0) },
      as: BuildRequests.self
    ).buildrequests
  }

  func requests(
    in buildset: Buildset, properties: [String]
  ) async throws(Failure) -> [BuildRequest] {
    let query = [("buildsetid", String(buildset.bsid))] + properties.map { ("property", $0) }
    return try await get("/buildrequests", query, as: BuildRequests.self)
      .buildrequests.filter { $0.buildsetid == buildset.bsid }
  }

  func build(_ number: String, of builder: Builder) async throws(Failure) -> Build {
    let path = "/builders/\(builder.builderid)/builds/\(number.percentEncoded)"
    return try only(try await get(path, as: Builds.self).builds, "build \(number)") {
      String($0.number) == number && $0.builderid == builder.builderid
    }
  }

  /// Newest first, with the properties that tell what is built.
  func builds(of request: BuildRequest) async throws(Failure) -> [Build] {
    let query = [
      ("buildrequestid", String(request.buildrequestid)), ("order", "-number"),
      ("property", "branch"), ("property", "revision"), ("property", "got_revision"),
    ]
    let builds = try await get("/builds", query, as: Builds.self).builds
    if builds.allSatisfy({ $0.buildrequestid == request.buildrequestid }) { return builds }
    throw Failure(
      .unreadable, "asked for the builds of request \(request.buildrequestid), answered others")
  }

  /// Finished ones, newest first.
  func builds(of builder: Builder) async throws(Failure) -> [Build] {
    let query = [("complete", "true"), ("order", "-number"), ("limit", String(Self.page))]
    return try await get("/builders/\(builder.builderid)/builds", query, as: Builds.self).builds
  }

  /// None where the master shows none: the request alone decides.
  func steps(of build: Build) async throws(Failure) -> [Step] {
    do {
      return try await get("/builds/\(build.buildid)/steps", as: Steps.self)
        .steps.sorted { $0.number ?? 0 < $1.number ?? 0 }
    } catch  where error.kind == .missing {
      return []
    }
  }

  /// Nil where the master shows none.
  func buildset(of request: BuildRequest) async throws(Failure) -> Buildset? {
    guard let id = request.buildsetid else { return nil }
    do {
      let sets = try await get("/buildsets/\(id)", as: Buildsets.self).buildsets
      return try only(sets, "buildset \(id)") { $0.bsid == id }
    } catch  where error.kind == .missing {
      return nil
    }
  }

  /// Newest first.
  func buildsets(because reason: String) async throws(Failure) -> [Buildset] {
    let query = [("reason__contains", reason), ("order", "-bsid"), ("limit", String(Self.page))]
    return try await get("/buildsets", query, as: Buildsets.self).buildsets
  }

  func forms(of builder: Builder) async throws(Failure) -> [ForceScheduler] {
    try await get("/builders/\(builder.builderid)/forceschedulers", as: ForceSchedulers.self)
      .forceschedulers
  }

  func logs(of step: String) async throws(Failure) -> [Log] {
    try await get("/steps/\(step.percentEncoded)/logs", as: Logs.self).logs
  }

  /// The last lines, each behind a letter for its stream where the log is of type `s`.
  func lines(of log: Log, last count: Int) async throws(Failure) -> [Substring] {
    let query = [("offset", String(max(0, log.num_lines - count))), ("limit", String(count))]
    let answer = try await get("/logs/\(log.logid)/contents", query, as: Chunks.self)
    return (answer.logchunks.map { $0.content ?? "" }.joined()).utf8
      .split(separator: UInt8(ascii: "\n")).map { Substring($0) }
  }

  /// Starts a build and returns its request.
  func force(
    _ form: ForceScheduler, _ parameters: [String: ForceScheduler.Value], on builder: Builder
  ) async throws(Failure) -> Int64 {
    let path = "/forceschedulers/\(form.name.percentEncoded)"
    let forced = try await call("force", path, parameters, as: Forced.self)
    if let id = forced?.requests[String(builder.builderid)], id > 0 { return id }
    throw Failure(.unreadable, "the answer to the trigger names no request of this builder")
  }

  /// Takes a request out of the queue or stops its build. Buildbot says yes even where there is none.
  func cancel(_ request: BuildRequest) async throws(Failure) {
    _ = try await call(
      "cancel", "/buildrequests/\(request.buildrequestid)", ["reason": "canceled by pipelatch"],
      as: Bool.self)
  }
}

extension BuildbotMaster {
  private func only<Value>(
    _ values: [Value], _ name: String, _ matches: (Value) -> Bool
  ) throws(Failure) -> Value {
    if values.count == 1, matches(values[0]) { return values[0] }
    if values.isEmpty { throw Failure(.missing, "\(connection.server.text) has no \(name)") }
    throw Failure(.unreadable, "asked for \(name), answered something else")
  }

  private func get<Value: Decodable & Sendable>(
    _ path: String, _ query: [(String, String)] = [], as type: Value.Type
  ) async throws(Failure) -> Value {
    try await signedIn { () async throws(Failure) -> Value in
      try await connection.get(
        "/api/v2" + path, query: query.map { Request.Pair($0.0, $0.1) }, as: type)
    }
  }

  /// Nil where the result is null.
  private func call<Value: Decodable & Sendable>(
    _ method: String, _ path: String, _ parameters: some Encodable, as type: Value.Type
  ) async throws(Failure) -> Value? {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let body = try? encoder.encode(Call(method: method, params: parameters)) else {
      throw Failure(.fault, "the request could not be written as JSON")
    }
    let request = Request(.post, connection.server, path: "/api/v2" + path, body: Array(body))
    let reply = try await signedIn { () async throws(Failure) -> Reply<Value> in
      try await connection.send(request, as: Reply<Value>.self)
    }
    guard let error = reply.error else { return reply.result }
    throw Failure(
      .rejected, "the vendor answers \(error.message ?? "an error")", address: request.address,
      code: error.code)
  }

  /// A refused request did nothing, so it can be repeated once with a new cookie.
  private func signedIn<Value>(
    _ act: () async throws(Failure) -> Value
  ) async throws(Failure) -> Value {
    guard let login else { return try await act() }
    let first = cookie.text.withLock { $0 == nil }
    if first { try await signIn(login.user, login.password) }
    do {
      return try await act()
    } catch {
      guard error.kind == .refused, !first else { throw error }
      try await signIn(login.user, login.password)
      return try await act()
    }
  }

  /// Only the login page takes a password; the API wants the cookie that it gives.
  private func signIn(_ user: String, _ password: Secret) async throws(Failure) {
    var request = Request(.get, connection.server, path: "/auth/login")
    let pair = Data("\(user):\(password.revealed())".utf8).base64EncodedString()
    request.set("Authorization", "Basic \(pair)")
    let response = try await loginPage(request)
    // The first of two cookies with one name is that of nobody.
    var cookies: [Substring: Substring] = [:]
    for header in response.headers where header.isNamed("set-cookie") {
      let pair = header.value.prefix { $0 != ";" }
      cookies[pair.prefix { $0 != "=" }] = pair
    }
    guard !cookies.isEmpty else {
      throw Failure(
        .refused, "the login gave no cookie", remedy: "Check how people sign in to this Buildbot",
        address: request.address, status: response.status)
    }
    for (name, pair) in cookies { wallet.keep(Secret(String(pair.dropFirst(name.count + 1)))) }
    let text = cookies.values.sorted().joined(separator: "; ")
    cookie.text.withLock { $0 = Secret(text) }
  }

  /// A master without users fails with 500 where its login page would be, and always will.
  private func loginPage(_ request: Request) async throws(Failure) -> Response {
    do {
      return try await connection.exchange(request)
    } catch {
      let first = cookie.text.withLock { $0 == nil }
      guard first, let status = error.status, [404, 500, 501].contains(status) else { throw error }
      throw Failure(
        .notConfigured, "this Buildbot has no login, HTTP \(status)",
        remedy: "Unset BUILDBOT_USER and BUILDBOT_PASSWORD", address: request.address,
        status: status)
    }
  }
}

private struct Builders: Decodable, Sendable { var builders: [BuildbotMaster.Builder] }
private struct BuildRequests: Decodable, Sendable {
  var buildrequests: [BuildbotMaster.BuildRequest]
}
private struct Builds: Decodable, Sendable { var builds: [BuildbotMaster.Build] }
private struct Steps: Decodable, Sendable { var steps: [BuildbotMaster.Step] }
private struct Buildsets: Decodable, Sendable { var buildsets: [BuildbotMaster.Buildset] }
private struct Logs: Decodable, Sendable { var logs: [BuildbotMaster.Log] }
private struct ForceSchedulers: Decodable, Sendable { var forceschedulers: [ForceScheduler] }

private struct Chunks: Decodable, Sendable {
  struct Chunk: Decodable, Sendable { var content: String? }
  /// One, in spite of its name.
  var logchunks: [Chunk]
}

private struct Call<Parameters: Encodable>: Encodable {
  var id = 1
  var jsonrpc = "2.0"
  var method: String
  var params: Parameters
}

private struct Reply<Result: Decodable & Sendable>: Decodable, Sendable {
  var result: Result?
  var error: Fault?
}

private struct Refusal: Decodable { var error: Fault }

/// A bare text, or a code with a text, or with a text for each field of a form.
private struct Fault: Decodable, Sendable {
  var code: String?
  var message: String?

  private enum Key: CodingKey { case code, message }

  init(from decoder: any Decoder) throws {
    if let text = try? decoder.singleValueContainer().decode(String.self) {
      message = text
      return
    }
    let container = try decoder.container(keyedBy: Key.self)
    code = (try? container.decode(Int.self, forKey: .code)).map { String($0) }
    if let fields = try? container.decode([String: String].self, forKey: .message) {
      message = fields.values.sorted().joined(separator: "; ")
    } else {
      message = try? container.decode(String.self, forKey: .message)
    }
  }
}

/// A buildset's id, and the request's id for each builder's.
private struct Forced: Decodable, Sendable {
  var requests: [String: Int64]

  init(from decoder: any Decoder) throws {
    var pair = try decoder.unkeyedContainer()
    _ = try pair.decode(Int64.self)
    requests = try pair.decode([String: Int64].self)
  }
}
