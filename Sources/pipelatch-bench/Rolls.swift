import Synchronization

/// Random numbers that several tasks may draw.
final class Rolls: Sendable {
  private let mix: Mutex<SplitMix>

  init(_ seed: UInt64) { mix = Mutex(SplitMix(seed)) }

  func next() -> Double { mix.withLock { $0.unit() } }
}
