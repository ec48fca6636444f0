public import PipelatchCore

/// A vendor: constants, and the calls of `Pipeline`. What else it can do is what else it conforms to.
public protocol Vendor: Pipeline {
  static var card: VendorCard { get }

  /// Every table of status words, so that the tests can ask for a tape of each word.
  static var vocabularies: [Vocabulary] { get }

  /// Throws `.usage` where the target has not this vendor's form.
  static func check(_ target: Target) throws(Failure)

  /// The target that a page of this vendor shows, or nil where the page is none of its.
  static func target(at address: WebAddress) -> Target?

  /// The server when neither `--server` nor a web address names one; throws where there is no default.
  static func server(for target: Target, settings: [String: String]) throws(Failure) -> Server

  /// What proves who is asking, the first found wins.
  static func credentials(for server: Server) -> [CredentialForm]

  init(_ site: Site) throws(Failure)

  var connection: Connection { get }
}

extension Vendor {
  public static func credentials(for server: Server) -> [CredentialForm] { card.credentials }
}

/// What `pipelatch vendors`, the README and `doctor` say of a vendor.
public struct VendorCard: Sendable {
  public var name: String
  /// The name as people know it.
  public var title: String
  /// The form of PATH.
  public var form: String
  /// Web addresses understood, as patterns.
  public var pages: [String] = []
  public var credentials: [CredentialForm]
  public var settings: [Setting] = []
  /// What a user should know before relying on it, a sentence each.
  public var notes: [String] = []
  /// What starts runs where this vendor cannot, one sentence without its period.
  public var startsElsewhere: String?
  /// Where the vendor documents the API.
  public var documents: String
  /// The pace that suits the vendor's quota.
  public var pace: Schedule.Pace = .normal

  public init(
    name: String, title: String, form: String, pages: [String] = [],
    credentials: [CredentialForm], settings: [Setting] = [], notes: [String] = [],
    startsElsewhere: String? = nil, documents: String, pace: Schedule.Pace = .normal
  ) {
    self.name = name
    self.title = title
    self.form = form
    self.pages = pages
    self.credentials = credentials
    self.settings = settings
    self.notes = notes
    self.startsElsewhere = startsElsewhere
    self.documents = documents
    self.pace = pace
  }
}

/// An environment variable that is no credential.
public struct Setting: Hashable, Sendable {
  public var name: String
  public var meaning: String

  public init(_ name: String, _ meaning: String) {
    self.name = name
    self.meaning = meaning
  }
}

/// Everything a vendor is made with; it reads nothing of the world by itself.
public struct Site: Sendable {
  public var target: Target
  public var server: Server
  public var wallet: Wallet
  /// Values of the variables in the vendor's `settings`.
  public var settings: [String: String]
  public var transport: any Transport
  public var now: @Sendable () -> Timestamp
  /// A fresh random text of at least 32 hexadecimal digits for each call.
  public var nonce: @Sendable () -> String
  public var commons: Commons

  public init(
    target: Target, server: Server, wallet: Wallet, settings: [String: String] = [:],
    transport: any Transport, now: @escaping @Sendable () -> Timestamp,
    nonce: @escaping @Sendable () -> String, commons: Commons = Commons()
  ) {
    self.target = target
    self.server = server
    self.wallet = wallet
    self.settings = settings
    self.transport = transport
    self.now = now
    self.nonce = nonce
    self.commons = commons
  }
}
