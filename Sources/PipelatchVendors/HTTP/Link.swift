import FoundationEssentials
import PipelatchCore

/// The next page of a list, as an answer's `Link` header names it: RFC 8288, `rel="next"`.
struct Link: Hashable, Sendable {
  /// Below the server's base path.
  var path: String
  var query: [Request.Pair] = []

  init(_ path: String, _ query: [Request.Pair] = []) {
    self.path = path
    self.query = query
  }

  /// Nil on the last page. Throws `.unreadable` when the next page is on another server.
  init?(after response: Response, from server: Server) throws(Failure) {
    guard let header = response.header("link"), let text = Self.next(in: header) else { return nil }
    guard let components = URLComponents(string: text), let place = try? Server(text),
      place.origin == server.origin, place.path.hasPrefix(server.path + "/")
    else {
      throw Failure(.unreadable, "the next page of a list is not on \(server.host)")
    }
    path = String(place.path.dropFirst(server.path.count))
    query = (components.queryItems ?? []).map { Request.Pair($0.name, $0.value ?? "") }
  }

  private static func next(in header: String) -> String? {
    for part in header.split(separator: "<") {
      let halves = part.split(separator: ">", maxSplits: 1)
      if halves.count == 2, halves[1].contains("rel=\"next\"") { return String(halves[0]) }
    }
    return nil
  }
}
