import FoundationEssentials

/// A secret in any form in which a server may give it back: in percent, JSON, HTML or a mixture, as often as they are
/// nested, and inside base64.
struct Disguise: Sendable {
  /// Too short a piece of base64 stands in innocent words.
  private static let least = 8
  let length: Int
  private let bytes: [UInt8]

  private init(_ bytes: [UInt8]) {
    // However often a backslash was escaped, a run of them is one.
    var kept: [UInt8] = []
    for byte in bytes where byte != Self.backslash || kept.last != byte { kept.append(byte) }
    self.bytes = kept
    length = kept.count
  }

  /// The secret itself, and what base64 makes of it wherever in a longer text it stood.
  static func all(of secret: String) -> [Disguise] {
    let plain = Array(secret.utf8)
    guard plain.count >= 4 else { return [] }
    var all = [Disguise(plain)]
    for lead in 0..<3 {
      let text = Data(repeating: 0, count: lead) + Data(plain)
      // The first and the last characters depend on what stood beside the secret.
      let first = (lead * 8 + 5) / 6
      let last = text.count * 8 / 6
      let core = Array(text.base64EncodedString().utf8)[first..<last]
      if core.count < least { continue }
      let forAddresses = core.map { byte in
        switch byte {
        case UInt8(ascii: "+"): UInt8(ascii: "-")
        case UInt8(ascii: "/"): UInt8(ascii: "_")
        default: byte
        }
      }
      all += [Disguise(Array(core)), Disguise(forAddresses)]
    }
    return all
  }

  /// The bytes that it may begin with.
  var starts: [UInt8] { bytes.prefix(1) + Self.escapes }

  /// Whether its first bytes may stand at `start`, which is left for nearly every place.
  func begins(in text: UnsafeBufferPointer<UInt8>, at start: Int) -> Bool {
    for place in 0..<min(3, length) {
      guard start + place < text.count else { return false }
      let byte = text[start + place]
      if Self.escapes.contains(byte) { return true }
      if byte != bytes[place] { return false }
    }
    return true
  }

  /// Where it ends in `text` if it begins at `start`; nil where it does not stand there.
  func end(in text: [UInt8], from start: Int) -> Int? {
    guard text.withUnsafeBufferPointer({ begins(in: $0, at: start) }) else { return nil }
    var places = [start]
    for byte in bytes {
      places = places.flatMap { Self.ends(of: byte, in: text, from: $0) }
      if places.isEmpty { return nil }
      if places.count > 1 { places = Array(Set(places)) }
    }
    return places.max()
  }

  /// Behind each form of one byte that stands at `start`.
  private static func ends(of byte: UInt8, in text: [UInt8], from start: Int) -> [Int] {
    guard start < text.count else { return [] }
    var ends: [Int] = []
    var place = start
    while place < text.count, text[place] == backslash { place += 1 }
    if byte == backslash, place > start { ends.append(place) }
    if place < text.count {
      if text[place] == byte { ends.append(place + 1) }
      if place > start, text[place] == UInt8(ascii: "u"), number(text, place + 1, 4, 16) == byte {
        ends.append(place + 5)
      }
    }
    switch text[start] {
    case UInt8(ascii: "%"):
      var digits = start + 1
      // A percent that was escaped itself.
      while number(text, digits, 2, 16) == UInt8(ascii: "%") {
        if byte == UInt8(ascii: "%") { ends.append(digits + 2) }
        digits += 2
      }
      if number(text, digits, 2, 16) == byte { ends.append(digits + 2) }
    case UInt8(ascii: "&"): ends += entity(byte, in: text, from: start + 1)
    default: break
    }
    return ends
  }

  /// `amp;`, `#38;` or `#x26;`.
  private static func entity(_ byte: UInt8, in text: [UInt8], from start: Int) -> [Int] {
    guard let close = text[start...].prefix(8).firstIndex(of: UInt8(ascii: ";")) else { return [] }
    let name = String(decoding: text[start..<close], as: UTF8.self).lowercased()
    let names = [
      "amp": UInt8(ascii: "&"), "lt": UInt8(ascii: "<"), "gt": UInt8(ascii: ">"),
      "quot": UInt8(ascii: "\""), "apos": UInt8(ascii: "'"),
    ]
    var code = names[name]
    if name.hasPrefix("#x") {
      code = UInt8(name.dropFirst(2), radix: 16)
    } else if name.hasPrefix("#") {
      code = UInt8(name.dropFirst())
    }
    return code == byte ? [close + 1] : []
  }

  private static let backslash = UInt8(ascii: "\\")
  /// What a byte may begin with that does not stand as itself.
  private static let escapes = [backslash, UInt8(ascii: "%"), UInt8(ascii: "&")]

  private static func number(_ text: [UInt8], _ start: Int, _ count: Int, _ radix: Int) -> UInt8? {
    guard start + count <= text.count else { return nil }
    return Int(String(decoding: text[start..<(start + count)], as: UTF8.self), radix: radix)
      .flatMap { UInt8(exactly: $0) }
  }
}
