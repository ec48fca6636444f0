import FoundationEssentials

extension Response {
  /// The query that asks for the page after this one, by `Link: rel="next"`, else by `X-Next-Page`; nil on the last page.
  /// Only the query is taken over: behind a proxy the address in the header may be one that clients cannot reach.
  func nextPage(after query: [Request.Pair]) -> [Request.Pair]? {
    if let link = header("link"), let address = Self.next(in: link) {
      let items = URLComponents(string: address)?.queryItems ?? []
      return items.isEmpty ? nil : items.map { Request.Pair($0.name, $0.value ?? "") }
    }
    guard let page = header("x-next-page"), !page.isEmpty else { return nil }
    return query.filter { $0.name != "page" } + [Request.Pair("page", page)]
  }

  private static func next(in link: String) -> String? {
    for part in link.split(separator: ",") {
      let halves = part.split(separator: ">", maxSplits: 1)
      guard halves.count == 2, halves[1].contains("rel=\"next\"") || halves[1].contains("rel=next"),
        let open = halves[0].firstIndex(of: "<")
      else { continue }
      return String(halves[0][halves[0].index(after: open)...])
    }
    return nil
  }
}
