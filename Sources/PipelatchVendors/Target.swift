import FoundationEssentials
public import PipelatchCore

/// What the user points at: a vendor, a pipeline there, and perhaps a ref and a run.
public struct Target: Hashable, Sendable {
  public var vendor: String
  /// The parts of PATH, as the user wrote them, decoded.
  public var path: [String]
  public var ref: String?
  public var run: String?
  /// The server that a web address named.
  public var server: Server?
  /// What the user typed: the name of the target in every output.
  public var text: String

  public init(
    vendor: String, path: [String], ref: String? = nil, run: String? = nil, server: Server? = nil,
    text: String
  ) {
    self.vendor = vendor
    self.path = path
    self.ref = ref
    self.run = run
    self.server = server
    self.text = text
  }

  /// Throws `.usage` when the text is no target of a vendor in the list.
  public init(_ text: String) throws(Failure) {
    if text.hasPrefix("https://") || text.hasPrefix("http://") {
      self = try Self.web(text)
      return
    }
    let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard halves.count == 2 else {
      throw Failure(
        .usage, "'\(text)' is not a target",
        remedy:
          "Write VENDOR:PATH[@REF][#RUN] or a web address; 'pipelatch vendors' lists the forms"
      )
    }
    let form = try PipelatchVendors.vendor(named: String(halves[0]))
    var rest = halves[1]
    var run: String?
    var ref: String?
    if let hash = rest.lastIndex(of: "#") {
      run = String(rest[rest.index(after: hash)...])
      rest = rest[..<hash]
    }
    if let at = rest.firstIndex(of: "@") {
      ref = String(rest[rest.index(after: at)...])
      rest = rest[..<at]
    }
    if run == "" || ref == "" {
      throw Failure(.usage, "'\(text)' has an empty \(run == "" ? "#RUN" : "@REF")")
    }
    self.init(
      vendor: form.card.name,
      path: rest.split(separator: "/", omittingEmptySubsequences: false).map(String.init),
      ref: ref, run: run, text: text)
    try form.check(self)
  }

  private static func web(_ text: String) throws(Failure) -> Target {
    guard let address = WebAddress(text) else {
      throw Failure(.usage, "'\(text)' is not a web address")
    }
    for vendor in vendors {
      if var target = vendor.target(at: address) {
        target.text = text
        try vendor.check(target)
        return target
      }
    }
    throw Failure(
      .usage, "'\(text)' is not the address of a run or a pipeline that pipelatch knows",
      remedy: "'pipelatch vendors' lists the forms")
  }

  /// The usage failure of a PATH that has not the vendor's form; `rule` is what the form alone does not tell.
  public func malformed(_ card: VendorCard, _ rule: String? = nil) -> Failure {
    Failure(
      .usage, "'\(text)' is not a target of \(card.name)" + (rule.map { ": \($0)" } ?? ""),
      remedy: "Write \(card.name):\(card.form)[@REF][#RUN]")
  }
}

/// A page's address, taken apart.
public struct WebAddress: Hashable, Sendable {
  /// The server without any path.
  public var server: Server
  /// Decoded parts of the path, without empty ones.
  public var parts: [String]
  public var query: [String: String]
  /// Decoded parts of what follows `#`.
  public var fragment: [String]

  public init?(_ text: String) {
    guard let components = URLComponents(string: text), var server = try? Server(text) else {
      return nil
    }
    server.path = ""
    self.server = server
    parts = components.path.split(separator: "/").map(String.init)
    query = Dictionary(
      (components.queryItems ?? []).map { ($0.name, $0.value ?? "") },
      uniquingKeysWith: { first, _ in first })
    fragment = (components.fragment ?? "").split(separator: "/").map(String.init)
  }
}
