import FoundationEssentials

/// What makes JSON unfit to be believed, seen before anybody reads it: nested or filled beyond sense, or saying two things
/// at once. A reader takes the first or the last of two equal names, and a proxy may have taken the other.
struct Soundness {
  /// Objects and lists inside each other at most; no vendor comes near.
  static let deepest = 64
  /// Values at most: each costs a reader many times its own length.
  static let most = 500_000

  private enum Frame {
    case list
    case object(names: Set<Int>, awaitsName: Bool)
  }

  /// One sentence, or nil where nothing is wrong or the text is no JSON, which its reader notices.
  static func flaw(in body: [UInt8]) -> String? {
    if body.prefix(4).contains(0) || [0xFE, 0xFF].contains(body.first) {
      return "the answer is not UTF-8"
    }
    guard let first = body.first(where: { !isBlank($0) }), opens(first) || first == 0xEF else {
      return nil
    }
    return body.withUnsafeBufferPointer { read($0) }
  }

  private static func read(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
    var frames: [Frame] = []
    var values = 0
    var place = 0
    while place < bytes.count {
      let byte = bytes[place]
      place += 1
      switch byte {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        let isObject = byte == UInt8(ascii: "{")
        frames.append(isObject ? .object(names: [], awaitsName: true) : .list)
        if frames.count > deepest { return "the answer is nested more than \(deepest) deep" }
      case UInt8(ascii: "}"), UInt8(ascii: "]"): _ = frames.popLast()
      case UInt8(ascii: ","):
        values += 1
        if values > most { return "the answer holds more than \(most) values" }
        if case .object(let names, _) = frames.popLast() {
          frames.append(.object(names: names, awaitsName: true))
        } else {
          frames.append(.list)
        }
      case UInt8(ascii: "\""):
        let start = place
        while place < bytes.count, bytes[place] != byte {
          place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1
        }
        let text = bytes[start..<min(place, bytes.count)]
        place += 1
        guard case .object(var names, true) = frames.last else { continue }
        // Taken out before it is changed, or the set would be copied for every name.
        frames.removeLast()
        let isNew = names.insert(name(text)).inserted
        frames.append(.object(names: names, awaitsName: false))
        if !isNew {
          return "the answer says '\(String(decoding: text.prefix(40), as: UTF8.self))' twice"
        }
      default: continue
      }
    }
    return nil
  }

  /// A name's hash, the same however it is spelled.
  private static func name(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Int {
    guard text.contains(UInt8(ascii: "\\")) else { return hash(text) }
    let spelled = "\"" + String(decoding: text, as: UTF8.self) + "\""
    guard let plain = try? JSONDecoder().decode(String.self, from: Data(spelled.utf8)) else {
      return hash(text)
    }
    return hash(plain.utf8)
  }

  private static func hash(_ bytes: some Sequence<UInt8>) -> Int {
    var hasher = Hasher()
    for byte in bytes { hasher.combine(byte) }
    return hasher.finalize()
  }

  private static func isBlank(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }

  private static func opens(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
  }
}
