import FoundationEssentials

/// What makes JSON unfit to be believed, seen before anybody reads it: nested or filled beyond sense, or saying two things
/// at once. A reader takes the first or the last of two equal names, and a proxy may have taken the other.
struct Soundness {
  /// Objects and lists inside each other at most; no vendor comes near.
  static let deepest = 64
  /// Values at most: each costs a reader many times its own length.
  static let most = 500_000

  /// An object or a list that has begun and not ended.
  private struct Frame {
    let isObject: Bool
    /// Where its names begin in the list of all.
    let begin: Int
    var awaitsName: Bool
    /// Its names once they are too many to be compared one by one.
    var many: Set<Int>?

    /// Whether the name is new here.
    mutating func admits(_ name: Int, among names: [Int]) -> Bool {
      if many == nil, names.count - begin > 32 { many = Set(names[begin...]) }
      return many?.insert(name).inserted ?? !names[begin...].contains(name)
    }
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
    var names: [Int] = []
    var values = 0
    var place = 0
    while place < bytes.count {
      let byte = bytes[place]
      place += 1
      switch byte {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        let isObject = byte == UInt8(ascii: "{")
        frames.append(Frame(isObject: isObject, begin: names.count, awaitsName: isObject))
        if frames.count > deepest { return "the answer is nested more than \(deepest) deep" }
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        if let frame = frames.popLast() { names.removeSubrange(frame.begin...) }
      case UInt8(ascii: ","):
        values += 1
        if values > most { return "the answer holds more than \(most) values" }
        if let last = frames.indices.last { frames[last].awaitsName = frames[last].isObject }
      case UInt8(ascii: "\""):
        let start = place
        while place < bytes.count, bytes[place] != byte {
          place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1
        }
        let text = bytes[start..<min(place, bytes.count)]
        place += 1
        guard let last = frames.indices.last, frames[last].awaitsName else { continue }
        frames[last].awaitsName = false
        let name = name(text)
        guard frames[last].admits(name, among: names) else {
          return "the answer says '\(String(decoding: text.prefix(40), as: UTF8.self))' twice"
        }
        names.append(name)
      default: continue
      }
    }
    return nil
  }

  /// A name's hash, the same however it is spelled.
  private static func name(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Int {
    let raw = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: text))
    guard text.contains(UInt8(ascii: "\\")) else { return hash(raw) }
    let spelled = "\"" + String(decoding: text, as: UTF8.self) + "\""
    guard let plain = try? JSONDecoder().decode(String.self, from: Data(spelled.utf8)) else {
      return hash(raw)
    }
    return Array(plain.utf8).withUnsafeBytes { hash($0) }
  }

  private static func hash(_ bytes: UnsafeRawBufferPointer) -> Int {
    var hasher = Hasher()
    hasher.combine(bytes: bytes)
    return hasher.finalize()
  }

  private static func isBlank(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }

  private static func opens(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
  }
}
