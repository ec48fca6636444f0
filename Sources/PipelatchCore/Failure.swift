/// Why something could not be done: what happened, at which address, and what to try.
public struct Failure: Error, Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// No answer, or a server-side error: passes by itself.
    case unreachable
    /// The vendor asks for patience: passes by itself.
    case throttled
    /// An answer that does not make sense: may pass by itself.
    case unreadable
    /// The credentials are bad or not sufficient.
    case refused
    /// No such pipeline or run.
    case missing
    /// The vendor understood the request and declines it.
    case rejected
    /// The request may have been carried out, and nobody can say.
    case uncertain
    /// The command line asks for something this vendor cannot do.
    case usage
    /// A credential or a setting is missing.
    case notConfigured
    /// A fault of pipelatch itself.
    case fault
  }

  public var kind: Kind
  /// One sentence without the address: what happened.
  public var what: String
  /// What to try, as a sentence.
  public var remedy: String?
  /// Method and address of the request, without its query.
  public var address: String?
  /// HTTP status, where there was an answer.
  public var status: Int?
  /// The vendor's own error code, where it sent one.
  public var code: String?
  /// The vendor asks for at least this long until the next request.
  public var retryAfter: Duration?
  /// False when the request can have started nothing: it only read, or certainly never reached the vendor.
  public var mayHaveArrived: Bool

  public init(
    _ kind: Kind, _ what: String, remedy: String? = nil, address: String? = nil,
    status: Int? = nil, code: String? = nil, retryAfter: Duration? = nil,
    mayHaveArrived: Bool = true
  ) {
    self.kind = kind
    self.what = what
    self.remedy = remedy
    self.address = address
    self.status = status
    self.code = code
    self.retryAfter = retryAfter
    self.mayHaveArrived = mayHaveArrived
  }

  /// Whether time alone may cure it, so that the loop goes on.
  public var passes: Bool {
    switch kind {
    case .unreachable, .throttled, .unreadable: true
    case .refused, .missing, .rejected, .uncertain, .usage, .notConfigured, .fault: false
    }
  }

  /// The reason given in the verdict, or nil where the program ends without one.
  public var reason: Reason? {
    switch kind {
    case .unreachable, .throttled: .unreachable
    case .unreadable: .unreadable
    case .refused, .rejected: .refused
    case .missing: .notFound
    case .uncertain: .uncertainTrigger
    case .usage, .notConfigured, .fault: nil
    }
  }

  public var exitCode: ExitCode {
    switch kind {
    case .unreachable, .throttled: .unreachable
    case .unreadable: .unreadable
    case .refused: .refused
    case .missing: .notFound
    case .rejected, .usage: .usage
    case .uncertain: .uncertainTrigger
    case .notConfigured: .notConfigured
    case .fault: .fault
    }
  }

  /// What it means where it is all that came of a trigger.
  var ofLostTrigger: Failure {
    if kind == .uncertain { return self }
    return Failure(
      .uncertain,
      "the trigger was sent once and its answer was lost, so a run may or may not have started: "
        + what,
      remedy: "Look at the pipeline's runs before you trigger again; with --key TEXT it is safe",
      address: address)
  }

  /// The whole of it for a person, in one line.
  public var sentence: String {
    var text = what
    if let address { text += " (\(address))" }
    if let remedy { text = Self.ended(text) + " \(remedy)" }
    return Self.ended(text)
  }

  private static func ended(_ text: String) -> String {
    text.last.map { ".?!".contains($0) } == true ? text : text + "."
  }
}
