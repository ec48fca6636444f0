/// Time, as the loop asks for it; the tests pass one that never waits.
public protocol Timekeeper: Sendable {
  /// The wall clock.
  var now: Timestamp { get }
  /// Time since some fixed moment, which no one can set.
  var elapsed: Duration { get }
  /// Throws only when the surrounding task is canceled.
  func sleep(for duration: Duration) async throws(CancellationError)
}

/// Randomness, as the loop asks for it.
public struct Dice: Sendable {
  private let roll: @Sendable () -> Double

  /// `roll` returns numbers from 0 up to, not including, 1.
  public init(_ roll: @escaping @Sendable () -> Double) { self.roll = roll }

  public func between(_ low: Double, _ high: Double) -> Double { low + (high - low) * roll() }
}

/// What the connection under a pipeline knows about itself.
public protocol Meter: Sendable {
  var requests: Requests { get }
  /// The vendor's clock minus ours, by its last `Date` header.
  var skew: Duration? { get }
  /// What is left of the API budget, where the vendor says it.
  var budget: Budget? { get }
  /// Gates in this process that live on the same budget.
  var gates: Int { get }
  /// Waits until the gate may look: of very many few begin at once. False when the surrounding task was canceled.
  func enter() async -> Bool
  /// The look is over, or goes on by itself.
  func exit()
  /// The gate asks no more.
  func leave()
}

extension Meter {
  public var gates: Int { 1 }
  public func enter() async -> Bool { !Task.isCancelled }
  public func exit() {}
  public func leave() {}
}
