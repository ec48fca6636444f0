import ArgumentParser
import PipelatchCore
import PipelatchVendors

/// Reads lengths and points of time as users write them.
enum Span {
  private static let units: [(name: String, milliseconds: Double)] = [
    ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
  ]

  /// `200ms`, `90s`, `15m`, `1h30m`. Throws a sentence for the user.
  @Sendable static func parse(_ text: String) throws -> Duration {
    var rest = text[...]
    var sum = 0.0
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      rest = rest.dropFirst(digits.count)
      let letters = rest.prefix { $0.isASCII && $0.isLetter }
      rest = rest.dropFirst(letters.count)
      guard let number = Double(digits), let unit = units.first(where: { $0.name == letters })
      else { throw ValidationError("'\(text)' is no duration; write 200ms, 90s, 15m or 1h30m") }
      sum += number * unit.milliseconds
    }
    guard !text.isEmpty, sum < 1e12 else {
      throw ValidationError("'\(text)' is no duration; write 200ms, 90s, 15m or 1h30m")
    }
    return .milliseconds(Int64(sum))
  }

  /// A length before `now`, or ISO 8601.
  static func moment(_ text: String, now: Timestamp) throws -> Timestamp {
    if let moment = Timestamp(iso8601: text) { return moment }
    if let length = try? parse(text) { return now - length }
    throw ValidationError("--since: '\(text)' is no time; write 10m, 2h or 2026-11-21T10:00:00Z")
  }

  /// A comma list of the raw values of an enumeration.
  static func list<Word: RawRepresentable<String> & CaseIterable & Hashable>(
    _ text: String, of words: [Word], option: String
  ) throws -> Set<Word> {
    var set: Set<Word> = []
    for part in text.split(separator: ",") {
      let name = part.filter { !$0.isWhitespace }
      guard let word = words.first(where: { $0.rawValue == name }) else {
        let known = words.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("\(option): '\(name)' is not one of \(known)")
      }
      set.insert(word)
    }
    return set
  }
}
