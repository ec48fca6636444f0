import PipelatchVendors
import Synchronization

/// What is put over secrets: over those that there are now, since a renewal may bring new ones.
final class Masks: Sendable {
  private struct Known {
    var secrets: [Secret] = []
    /// For each byte the disguises that may begin with it; nil where there are no secrets.
    var beginning: [[Disguise]]?
  }

  private let secrets: @Sendable () -> [Secret]
  private let known = Mutex(Known())

  init(_ secrets: @escaping @Sendable () -> [Secret]) { self.secrets = secrets }

  func callAsFunction(_ text: String) -> String {
    var text = text
    // In nearly every text no secret so much as begins.
    guard let beginning, text.withUTF8({ Self.begins(beginning, in: $0) }) else { return text }
    let bytes = Array(text.utf8)
    var clean: [UInt8] = []
    var place = 0
    while place < bytes.count {
      let end = beginning[Int(bytes[place])].lazy.compactMap { $0.end(in: bytes, from: place) }
        .first
      if end != nil {
        clean += "***".utf8
      } else {
        clean.append(bytes[place])
      }
      place = end ?? place + 1
    }
    return clean.count == bytes.count ? text : String(decoding: clean, as: UTF8.self)
  }

  private static func begins(
    _ beginning: [[Disguise]], in text: UnsafeBufferPointer<UInt8>
  ) -> Bool {
    for place in text.indices {
      for disguise in beginning[Int(text[place])] where disguise.begins(in: text, at: place) {
        return true
      }
    }
    return false
  }

  private var beginning: [[Disguise]]? {
    let now = secrets()
    return known.withLock { known in
      if known.secrets != now {
        known.secrets = now
        // Longest first, so that a secret that holds another one is gone as a whole.
        let disguises = now.flatMap { Disguise.all(of: $0.revealed()) }
          .sorted { $0.length > $1.length }
        known.beginning =
          disguises.isEmpty
          ? nil : (0..<256).map { byte in disguises.filter { $0.starts.contains(UInt8(byte)) } }
      }
      return known.beginning
    }
  }
}
