import Foundation
import PipelatchVendors

/// Spoils an answer in one way, by chance; the same seed spoils it in the same way.
struct Mutator {
  var chance: SplitMix64
  /// The vendor's words that are no success.
  let words: [String]
  /// Words for success that must not be written; none where the answer is a success already.
  let good: Set<String>

  /// How a field is spoiled.
  enum Form: CaseIterable, Sendable {
    case replaced, contradictedBefore, contradictedAfter, dropped, renamed
  }

  /// What a leaf is replaced by, beside the vendor's other words.
  static let strangers = [
    "null", "true", "false", "0", "1", "-1", "7", "8", "2", "1e999", "-0", "1.5", "NaN", "{}", "[]",
    "[null]", "\"\"", "\" \"", "\"null\"", "\"true\"", "\"0\"", "\"\\u0000\"", "\"\\ud800\"",
    "\"\u{202e}\"", "\"::error::\"", "\"EXPLODED\"", "\"完成\"", "9223372036854775807",
    "9223372036854775808", "-9223372036854775808", "1e18", "253402300800000",
    "\"9999-12-31T23:59:59Z\"", "\"99999-01-01T00:00:00Z\"", "\"0000-00-00T00:00:00Z\"",
    "\"https://u:p@evil.test/\"", "{\"value\":1}", "{\"status\":null}",
  ]

  /// A verdict that only looks like the word.
  static func alike(_ raw: String) -> [String] {
    let plain = Tree.plain(raw)
    let bent = [
      "\(plain) ", " \(plain)", plain.uppercased(), plain.lowercased(), plain.capitalized,
      "\(plain)_MAYBE", String(plain.dropLast()), "\(plain)\\u0000", "\(plain)\\n", "\(plain)0",
      "not \(plain)", "\\u200b\(plain)", "[\(plain)]",
    ]
    return bent.filter { $0 != plain }.map { "\"\($0)\"" }
      + ["[\(raw)]", "{\"value\":\(raw)}", "{\"name\":\(raw)}"]
  }

  mutating func spoil(_ answer: Response, donors: [Response]) -> (name: String, Response) {
    var answer = answer
    switch Int.random(in: 0..<100, using: &chance) {
    case 0..<60:
      guard var tree = Tree(answer.text) else { return ("bytes", havoc(answer)) }
      let name = spoil(&tree)
      answer.body = Array(tree.text.utf8)
      return (name, answer)
    case 60..<68:
      answer.body = Array(answer.body.prefix(Int.random(in: 0...answer.body.count, using: &chance)))
      return ("truncated", answer)
    case 68..<82: return ("bytes", havoc(answer))
    case 82..<88:
      answer.status = [
        100, 199, 202, 204, 206, 226, 300, 301, 302, 304, 307, 308, 399, 400, 401, 403, 404, 405,
        407, 408, 409, 410, 418, 422, 425, 429, 451, 499, 500, 501, 502, 503, 504, 520, 599, 600,
        999, 0, -1,
      ].randomElement(using: &chance)!
      return ("status \(answer.status)", answer)
    case 88..<93: return (header(&answer), answer)
    default:
      let donor = donors.randomElement(using: &chance) ?? answer
      return ("another answer", donor)
    }
  }

  private mutating func spoil(_ tree: inout Tree) -> String {
    let place = tree.places.randomElement(using: &chance)!
    let old = tree[place[...]]
    switch Int.random(in: 0..<9, using: &chance) {
    case 0: return edit(&tree, place, "dropped") { $0.remove(at: $1) }
    case 1:
      tree[place[...]] = .leaf("null")
      return "null at \(place)"
    case 2, 3:
      let other = stranger(to: old)
      tree[place[...]] = .leaf(other)
      return "\(other) at \(place)"
    case 4:
      let other = Tree.leaf(stranger(to: old))
      let first = Bool.random(using: &chance)
      return edit(&tree, place, "twice") { items, index in
        var twin = items[index]
        twin.value = other
        items.insert(twin, at: first ? index : index + 1)
      }
    case 5:
      return edit(&tree, place, "the same twice") { items, index in
        items.insert(items[index], at: index)
      }
    case 6:
      return edit(&tree, place, "renamed") { items, index in
        let plain = Tree.plain(items[index].name)
        let names = [plain.uppercased(), plain + " ", "x" + plain, plain.capitalized, ""]
        items[index].name = "\"\(names[items.count % names.count])\""
      }
    case 7:
      let depth = [3, 63, 66, 520, 20_000].randomElement(using: &chance)!
      let (open, close) = Bool.random(using: &chance) ? ("[", "]") : ("{\"a\":", "}")
      tree[place[...]] = .leaf(
        String(repeating: open, count: depth) + old.text + String(repeating: close, count: depth))
      return "\(depth) deep at \(place)"
    default:
      let huge = "\"" + String(repeating: "x", count: 1 << 16) + "\""
      tree[place[...]] = .leaf(huge)
      return "huge at \(place)"
    }
  }

  private mutating func stranger(to old: Tree) -> String {
    var pool = Self.strangers + words.map { "\"\($0)\"" }
    if good.isEmpty {
      if case .leaf(let raw) = old { pool += Self.alike(raw) + Self.alike(raw) }
    } else {
      pool.removeAll { other in
        let plain = Tree.plain(other)
        return good.contains { $0 == plain || Double($0).map { $0 == Double(plain) } ?? false }
      }
    }
    return pool.randomElement(using: &chance)!
  }

  /// Changes the list or object that holds a place; the root has none and is replaced.
  private func edit(
    _ tree: inout Tree, _ place: [Int], _ name: String,
    _ change: (inout [Tree.Member], Int) -> Void
  ) -> String {
    guard let index = place.last else {
      tree = .leaf("")
      return "nothing at all"
    }
    let holder = place.dropLast()
    switch tree[holder] {
    case .leaf: break
    case .list(let items):
      var members = items.map { Tree.Member(name: "", value: $0) }
      change(&members, index)
      tree[holder] = .list(members.map(\.value))
      return "item \(name) at \(place)"
    case .object(var members):
      change(&members, index)
      tree[holder] = .object(members)
    }
    return "\(name) at \(place)"
  }

  /// What a broken line or a broken proxy does.
  private mutating func havoc(_ answer: Response) -> Response {
    var answer = answer
    for _ in 0..<Int.random(in: 1...4, using: &chance) where !answer.body.isEmpty {
      let at = Int.random(in: 0..<answer.body.count, using: &chance)
      let end = min(answer.body.count, at + Int.random(in: 1...40, using: &chance))
      switch Int.random(in: 0..<7, using: &chance) {
      case 0: answer.body[at] ^= 1 << UInt8.random(in: 0..<8, using: &chance)
      case 1: answer.body[at] = UInt8.random(in: 0...255, using: &chance)
      case 2: answer.body.removeSubrange(at..<end)
      case 3: answer.body.insert(contentsOf: answer.body[at..<end], at: at)
      case 4:
        answer.body.insert(
          contentsOf: Array("{}[]\",:\\0\u{0}".utf8).shuffled(using: &chance).prefix(3), at: at)
      case 5:
        let heads = ["\u{FEFF}", "<html>", ")]}',\n", " ", "null", "{}", "\u{0}", "data: "]
        answer.body.insert(contentsOf: Array(heads.randomElement(using: &chance)!.utf8), at: 0)
      default: answer.body += answer.body[at..<end]
      }
    }
    return answer
  }

  private mutating func header(_ answer: inout Response) -> String {
    let name = [
      "content-type", "date", "retry-after", "x-acs-retry-after", "etag", "link", "x-next-page",
      "location", "x-ratelimit-remaining", "x-ratelimit-reset", "ratelimit-reset",
    ].randomElement(using: &chance)!
    let value = [
      "", "0", "-1", "1e300", "inf", "nan", "99999999999999999999", "text/html", "\"x\"",
      "Sun, 99 Nov 99999 25:61:61 GMT", "Fri, 31 Dec 9999 23:59:59 GMT",
      "<https://evil.test/>; rel=\"next\"",
      "<>; rel=next", "//evil.test", "http://[", "\u{FFFD}",
    ].randomElement(using: &chance)!
    answer.headers.removeAll { $0.name == name }
    answer.headers.append(Request.Pair(name, value))
    if name.hasPrefix("x-acs") || name == "retry-after" { answer.status = 429 }
    return "\(name): \(value)"
  }
}
