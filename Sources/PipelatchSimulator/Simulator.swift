public import FoundationEssentials

/// A vendor's real protocol over scripted runs of one pipeline.
public protocol Simulator: Desk {
  /// The vendor's name in a target.
  static var name: String { get }

  /// Whether a run is started there; else one is going from the beginning, and is waited for.
  static var triggers: Bool { get }

  /// Whether the vendor has a word of its own for a run that its time limit ended.
  static var tellsTimeouts: Bool { get }

  /// `speed` is how many times as fast as its script a run goes.
  init(_ scenario: Scenario, speed: Double, now: @escaping @Sendable () -> Date)

  /// The one pipeline it has, as a target on the command line.
  var target: String { get }

  /// The credential it wants and settings it needs, as environment variables.
  var environment: [String: String] { get }

  /// What a run must be started with, where the vendor starts none without.
  var inputs: [Ask.Pair] { get }
}

extension Simulator {
  public static var triggers: Bool { true }
  public static var tellsTimeouts: Bool { true }
  public var inputs: [Ask.Pair] { [] }
}
