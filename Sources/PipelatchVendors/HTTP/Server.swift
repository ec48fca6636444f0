import FoundationEssentials
public import PipelatchCore

/// Scheme, host, port and base path of a server.
public struct Server: Hashable, Sendable {
  public var scheme: String
  /// Without the brackets of an IPv6 address.
  public var host: String
  public var port: Int?
  /// Percent-encoded, empty or with a leading and no trailing slash.
  public var path: String

  public init(scheme: String = "https", host: String, port: Int? = nil, path: String = "") {
    self.scheme = scheme
    self.host = host
    self.port = port
    self.path = path
  }

  /// Throws `.usage` when the text is no http or https address, or carries credentials.
  public init(_ text: String) throws(Failure) {
    guard let url = URL(string: text), let scheme = url.scheme?.lowercased(),
      scheme == "https" || scheme == "http", let host = url.host(percentEncoded: false),
      !host.isEmpty
    else {
      throw Failure(
        .usage, "'\(text)' is not the address of a server", remedy: "Write https://HOST[:PORT]")
    }
    if url.user() != nil || url.password() != nil {
      throw Failure(
        .usage, "the address of a server must not carry credentials",
        remedy: "Put the token into the vendor's environment variable")
    }
    var path = url.path(percentEncoded: true)
    while path.hasSuffix("/") { path.removeLast() }
    let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    self.init(scheme: scheme, host: bare.lowercased(), port: url.port, path: path)
  }

  /// Host and port as the Host header has them.
  public var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    guard let port, port != standardPort else { return name }
    return "\(name):\(port)"
  }

  public var origin: String { "\(scheme)://\(authority)" }

  public var text: String { origin + path }

  /// Whether the name can only mean this machine.
  public var isLoopback: Bool {
    host == "localhost" || host == "::1" || (host.hasPrefix("127.") && host.allSatisfy(\.isAddress))
  }

  private var standardPort: Int { scheme == "http" ? 80 : 443 }
}

extension Character {
  fileprivate var isAddress: Bool { isNumber || self == "." }
}
