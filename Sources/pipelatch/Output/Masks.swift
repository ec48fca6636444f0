import PipelatchVendors
import Synchronization

/// What is put over secrets: over those that there are now, since a renewal may bring new ones.
final class Masks: Sendable {
  private struct Known {
    var secrets: [Secret] = []
    var disguises: [Disguise] = []
    /// For each byte whether a disguise may begin with it.
    var starts = [Bool](repeating: false, count: 256)
  }

  private let secrets: @Sendable () -> [Secret]
  private let known = Mutex(Known())

  init(_ secrets: @escaping @Sendable () -> [Secret]) { self.secrets = secrets }

  func callAsFunction(_ text: String) -> String {
    let (disguises, starts) = disguises
    if disguises.isEmpty || !text.utf8.contains(where: { starts[Int($0)] }) { return text }
    let bytes = Array(text.utf8)
    var clean: [UInt8] = []
    var place = 0
    while place < bytes.count {
      let end =
        starts[Int(bytes[place])]
        ? disguises.lazy.compactMap { $0.end(in: bytes, from: place) }.first : nil
      if end != nil {
        clean += "***".utf8
      } else {
        clean.append(bytes[place])
      }
      place = end ?? place + 1
    }
    return clean.count == bytes.count ? text : String(decoding: clean, as: UTF8.self)
  }

  /// Longest first, so that a secret that holds another one is gone as a whole.
  private var disguises: ([Disguise], starts: [Bool]) {
    let now = secrets()
    return known.withLock { known in
      if known.secrets != now {
        known.secrets = now
        known.disguises = now.flatMap { Disguise.all(of: $0.revealed()) }
          .sorted { $0.length > $1.length }
        for byte in known.disguises.flatMap(\.starts) { known.starts[Int(byte)] = true }
      }
      return (known.disguises, known.starts)
    }
  }
}
