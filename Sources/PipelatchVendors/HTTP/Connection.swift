import FoundationEssentials
public import PipelatchCore
import Synchronization

/// The way to one vendor's server: credentials, conditional requests, redirects, limits and errors, once for all vendors.
public final class Connection: Meter, Sendable {
  /// Puts the credential on a request; called anew for each attempt, so that a signature is never sent twice.
  public typealias Authorize = @Sendable (inout Request, Credential) throws(Failure) -> Void
  /// Reads a vendor's error, which may come with any status, out of an answer; nil where there is none.
  public typealias Explain = @Sendable (Response) -> Complaint?

  private enum Answer {
    case new(Response)
    /// What was known before still stands.
    case same(Reading)

    var response: Response {
      switch self {
      case .new(let response): response
      case .same(let reading): reading.head
      }
    }
  }

  private struct Memory {
    var requests = Requests()
    var skew: Duration?
    var left = false
    /// Whether the gate holds one of the few places of those who are about to look.
    var isInside = false
  }

  private static let hops = 5

  public let server: Server
  private let site: Site
  private let authorize: Authorize
  private let explain: Explain
  private let place: Commons.Place
  private let memory = Mutex(Memory())

  public init(
    _ site: Site, authorize: @escaping Authorize, explain: @escaping Explain = { _ in nil }
  ) {
    self.site = site
    server = site.server
    self.authorize = authorize
    self.explain = explain
    place = Commons.Place(server: site.server, credential: site.wallet.credential)
    site.commons.on(place) { $0.gates += 1 }
  }

  public var requests: Requests { memory.withLock { $0.requests } }
  public var skew: Duration? { memory.withLock { $0.skew } }
  public var budget: Budget? { site.commons.on(place) { $0.budget } }
  public var gates: Int { site.commons.on(place) { $0.gates } }

  public func enter() async -> Bool {
    if Task.isCancelled { return false }
    if let turn = site.commons.on(place, { $0.enter() }) {
      guard await turn.first(where: { _ in true }) != nil else { return false }
    }
    memory.withLock { $0.isInside = true }
    return true
  }

  public func exit() {
    let wasInside = memory.withLock { memory in
      defer { memory.isInside = false }
      return memory.isInside
    }
    if wasInside { site.commons.on(place) { $0.exit() } }
  }

  public func leave() {
    let first = memory.withLock { memory in
      defer { memory.left = true }
      return !memory.left
    }
    if first { site.commons.on(place) { $0.gates -= 1 } }
  }

  /// Reads a JSON value; what did not change since the last time is not read again.
  public func get<Value: Decodable & Sendable>(
    _ path: String, query: [Request.Pair] = [], headers: [Request.Pair] = [],
    as type: Value.Type = Value.self
  ) async throws(Failure) -> Value {
    try await page(path, query: query, headers: headers, as: type).value
  }

  /// As `get`, for what is made of the answer's value; that is not made again either.
  public func get<Wire: Decodable, Value: Sendable>(
    _ path: String, as type: Wire.Type, _ make: (Wire) throws(Failure) -> Value
  ) async throws(Failure) -> Value {
    try await read(Request(.get, server, path: path), make).value
  }

  /// As `get`, with the answer itself, for vendors that page by headers.
  public func page<Value: Decodable & Sendable>(
    _ path: String, query: [Request.Pair] = [], headers: [Request.Pair] = [],
    as type: Value.Type = Value.self
  ) async throws(Failure) -> (value: Value, response: Response) {
    try await read(Request(.get, server, path: path, query: query, headers: headers)) {
      (value: Value) in value
    }
  }

  /// One request for all gates that want the same at the same time.
  private func read<Wire: Decodable, Value: Sendable>(
    _ request: Request, _ make: (Wire) throws(Failure) -> Value
  ) async throws(Failure) -> (value: Value, response: Response) {
    let address = Commons.Address(url: request.url, type: ObjectIdentifier(Value.self))
    let reading = try await shared(address) { () throws(Failure) in
      try await self.reading(request, at: address, make)
    }
    guard let value = reading.value as? Value else {
      throw Failure(.fault, "one address was read as two things", address: request.address)
    }
    return (value, reading.head)
  }

  private func shared(
    _ address: Commons.Address, _ read: () async throws(Failure) -> Reading
  ) async throws(Failure) -> Reading {
    while let readings = site.commons.on(place, { $0.join(address) }) {
      for await reading in readings { return try reading.get() }
      // Whoever asked was interrupted; or this gate was.
      if Task.isCancelled { return try await read() }
    }
    let reading: Result<Reading, Failure>
    do throws(Failure) {
      reading = .success(try await read())
    } catch {
      reading = .failure(error)
    }
    for other in site.commons.on(place, { $0.hand(address) }) {
      if !Task.isCancelled { other.yield(reading) }
      other.finish()
    }
    return try reading.get()
  }

  private func reading<Wire: Decodable, Value: Sendable>(
    _ request: Request, at address: Commons.Address, _ make: (Wire) throws(Failure) -> Value
  ) async throws(Failure) -> Reading {
    let known = site.commons.on(place) { $0[address] }
    let answer = try await follow(request, unless: known)
    let reading: Reading
    switch answer {
    case .new(let response):
      reading = Reading(try make(try decode(response, of: request)), of: response)
    case .same(let known): reading = known
    }
    site.commons.on(place) { $0[address] = reading.kept }
    return reading
  }

  /// Sends a request that changes something, once, and reads the JSON answer.
  public func send<Value: Decodable>(
    _ request: Request, as type: Value.Type
  ) async throws(Failure) -> Value {
    try decode(try await send(request), of: request)
  }

  /// Sends a request, and for a GET follows redirects that stay on the server. Throws for every status but 2xx.
  @discardableResult
  public func send(_ request: Request) async throws(Failure) -> Response {
    try await follow(request, unless: nil).response
  }

  /// As `send`, where `known` may turn out to stand still.
  private func follow(
    _ request: Request, unless known: Reading?
  ) async throws(Failure) -> Answer {
    var request = request
    if let tag = known?.tag { request.set("If-None-Match", tag) }
    for _ in 0...Self.hops {
      let answer = try await sendWithCredential(request, unless: known)
      let response = answer.response
      guard let place = try redirect(from: response, of: request) else { return answer }
      guard place.server.origin == request.server.origin else {
        throw Failure(
          .unreadable, "the server redirects to another host, \(place.server.host)",
          remedy: "If that host is right, pass it as --server", address: request.address,
          status: response.status)
      }
      request = place
    }
    throw Failure(.unreadable, "the server redirects without end", address: request.address)
  }

  /// Reads what `request` redirects to, wherever that is, without any credential on the second request.
  public func download(_ request: Request) async throws(Failure) -> Response {
    let response = try await sendWithCredential(request).response
    guard var place = try redirect(from: response, of: request) else { return response }
    if request.server.scheme == "https", place.server.scheme != "https" {
      throw Failure(
        .unreadable, "the server redirects from https to http", address: request.address)
    }
    place.headers = []
    let answer = try check(await carry(place), of: place)
    if (200..<300).contains(answer.status) { return answer }
    throw Failure(.unreadable, "the server redirects without end", address: request.address)
  }

  /// The first answer to a request that needs no credential, a redirect included, whose headers the vendor wants itself.
  public func exchange(_ request: Request) async throws(Failure) -> Response {
    try check(await carry(request), of: request)
  }

  /// Hands over the events of a `text/event-stream` until `enough`.
  /// Throws when the stream ends before that, and where the transport reads no streams.
  public func listen(
    _ path: String, until enough: (ServerEvent) async throws(Failure) -> Bool
  ) async throws(Failure) {
    var request = Request(.get, server, path: path)
    guard let transport = site.transport as? any Streaming else {
      throw Failure(.fault, "this transport reads no streams", address: request.address)
    }
    try authorize(&request, site.wallet.credential)
    request.set("Accept", "text/event-stream")
    memory.withLock { $0.requests.total += 1 }
    var events = ServerEvents()
    do {
      for try await line in transport.lines(request) {
        if let event = events.take(line), try await enough(event) { return }
      }
    } catch {
      throw error as? Failure
        ?? Failure(.unreachable, "the stream of events broke off", address: request.address)
    }
    throw Failure(.unreachable, "the stream of events ended", address: request.address)
  }

  private func sendWithCredential(
    _ request: Request, unless known: Reading? = nil
  ) async throws(Failure) -> Answer {
    let credential = site.wallet.credential
    do {
      return try await attempt(request, with: credential, unless: known)
    } catch {
      // A refused request did nothing, so repeating it with a new credential starts nothing twice.
      guard error.kind == .refused, let fresh = await site.wallet.renewed(after: credential) else {
        throw error
      }
      return try await attempt(request, with: fresh, unless: known)
    }
  }

  private func attempt(
    _ request: Request, with credential: Credential, unless known: Reading?
  ) async throws(Failure) -> Answer {
    var request = request
    try authorize(&request, credential)
    let response = try await carry(request)
    // What is confirmed was sound and no complaint when it was read, so it still is.
    guard let same = known?.confirmed(by: response) else {
      return .new(try check(response, of: request))
    }
    if response.status == 304 { memory.withLock { $0.requests.notModified += 1 } }
    return .same(same)
  }

  private func carry(_ request: Request) async throws(Failure) -> Response {
    try await site.transport.admit(request)
    // From here on the server decides how long it takes, and one that hangs must not hold up those in line.
    exit()
    memory.withLock { $0.requests.total += 1 }
    do {
      let response = try await site.transport.send(request)
      let now = site.now()
      let date = response.header("date").flatMap(Timestamp.init(httpDate:))
      if let budget = Patience.budget(in: response) {
        site.commons.on(place) { $0.budget = budget }
      }
      memory.withLock {
        if let date { $0.skew = Self.skew(of: date, at: now) }
        if response.status >= 400 { $0.requests.failed += 1 }
        if request.method != .get { $0.requests.changes += 1 }
      }
      return response
    } catch {
      let failure = harmless(error, request)
      memory.withLock {
        $0.requests.failed += 1
        if failure.mayHaveArrived { $0.requests.changes += 1 }
      }
      throw failure
    }
  }

  /// A `Date` header has whole seconds, so less than two are no skew.
  private static func skew(of date: Timestamp, at now: Timestamp) -> Duration {
    let gap = date - now
    return gap > .seconds(2) || gap < .seconds(-2) ? gap : .zero
  }

  /// Nil where the answer is no redirect.
  private func redirect(
    from response: Response, of request: Request
  ) throws(Failure) -> Request? {
    guard (300..<400).contains(response.status), response.status != 304 else { return nil }
    guard request.method == .get, let place = response.header("location"),
      let base = URL(string: request.url), let url = URL(string: place, relativeTo: base)
    else {
      throw Failure(
        .unreadable, "the server answers HTTP \(response.status), a redirect that is not followed",
        remedy: "Check --server", address: request.address, status: response.status)
    }
    guard var server = try? Server(url.absoluteString) else {
      throw Failure(
        .unreadable, "the server redirects to what is no address", address: request.address,
        status: response.status)
    }
    let path = server.path.isEmpty ? "/" : server.path
    server.path = ""
    let items = URLComponents(string: url.absoluteString)?.queryItems ?? []
    return Request(
      .get, server, path: path, query: items.map { Request.Pair($0.name, $0.value ?? "") },
      headers: request.headers)
  }

  /// A 304 that comes here was not asked for, so there is nothing it could mean.
  private func check(_ response: Response, of request: Request) throws(Failure) -> Response {
    let flaw = Soundness.flaw(in: response.body)
    // What is unsound is not even read for the vendor's reasons.
    let complaint = flaw == nil ? explain(response) : nil
    if complaint == nil, (200..<400).contains(response.status), response.status != 304 {
      guard let flaw else { return response }
      throw harmless(
        Failure(.unreadable, flaw, address: request.address, status: response.status), request)
    }
    throw harmless(
      (complaint ?? Complaint()).failure(
        response, of: request, credential: site.wallet.credential, source: site.wallet.source,
        now: site.now()), request)
  }

  private func decode<Value: Decodable>(
    _ response: Response, of request: Request
  ) throws(Failure) -> Value {
    do {
      return try JSONDecoder().decode(Value.self, from: Data(response.body))
    } catch {
      let failure = Failure(
        .unreadable, Unreadable.sentence(response, error), address: request.address,
        status: response.status)
      throw harmless(failure, request)
    }
  }

  /// Asking starts nothing, so a failed GET before a trigger leaves no doubt whether one was sent.
  private func harmless(_ failure: Failure, _ request: Request) -> Failure {
    var failure = failure
    if request.method == .get { failure.mayHaveArrived = false }
    return failure
  }
}
