import FoundationEssentials
import PipelatchCore
import PipelatchVendors

/// `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` and their lower-case forms, which come first, as curl reads them.
struct Proxies: Sendable {
  struct Proxy: Hashable, Sendable {
    var host: String
    var port: Int
    var user: String?
    var password: Secret?
  }

  private var secure: String?
  private var plain: String?
  private var exceptions: [String] = []

  /// None at all.
  init() {}

  init(environment: [String: String]) {
    func value(_ name: String) -> String? {
      let found = environment[name.lowercased()] ?? environment[name]
      return found.flatMap { $0.isEmpty ? nil : $0 }
    }
    secure = value("HTTPS_PROXY") ?? value("ALL_PROXY")
    plain = value("HTTP_PROXY") ?? value("ALL_PROXY")
    exceptions = (value("NO_PROXY") ?? "").split { $0 == "," || $0 == " " }
      .map { $0.lowercased() }
  }

  /// Nil for a direct connection. Throws `.notConfigured` where the variable holds no proxy's address.
  func proxy(for server: Server) throws(Failure) -> Proxy? {
    let name = server.scheme == "https" ? "HTTPS_PROXY" : "HTTP_PROXY"
    guard let text = server.scheme == "https" ? secure : plain, !excepts(server) else { return nil }
    let full = text.contains("://") ? text : "http://" + text
    guard let url = URL(string: full), url.scheme == "http",
      let host = url.host(percentEncoded: false)
    else {
      throw Failure(
        .notConfigured, "\(name) is not the address of an http proxy",
        remedy: "Write http://[USER:PASSWORD@]HOST:PORT")
    }
    return Proxy(
      host: host, port: url.port ?? 1080, user: url.user(percentEncoded: false),
      password: url.password(percentEncoded: false).map { Secret($0) })
  }

  /// A name covers itself and its subdomains; `*` covers all; a port, where given, must match.
  func excepts(_ server: Server) -> Bool {
    let port = server.port ?? (server.scheme == "https" ? 443 : 80)
    return exceptions.contains { entry in
      if entry == "*" { return true }
      var name = entry
      if let colon = entry.lastIndex(of: ":"), !entry.hasPrefix("["),
        entry.filter({ $0 == ":" }).count == 1
      {
        guard Int(entry[entry.index(after: colon)...]) == port else { return false }
        name = String(entry[..<colon])
      }
      if name.hasPrefix("[") { name = String(name.dropFirst().prefix { $0 != "]" }) }
      while name.hasPrefix(".") { name.removeFirst() }
      return !name.isEmpty && (server.host == name || server.host.hasSuffix("." + name))
    }
  }
}
