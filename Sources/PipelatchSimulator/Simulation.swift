import FoundationEssentials

/// A simulated vendor that listens, and how to reach it from the command line.
public struct Simulation: Sendable {
  public let server: LoopbackServer
  public let target: String
  /// The credential it wants and settings it needs, as environment variables.
  public let environment: [String: String]
  /// What a run must be started with.
  public let inputs: [Ask.Pair]

  /// Throws what the network throws when no port can be had.
  public static func open(
    _ vendor: any Simulator.Type, _ scenario: Scenario, speed: Double = 1
  ) async throws -> Simulation {
    let simulator = vendor.init(scenario, speed: speed, now: { Date() })
    let desk: any Desk =
      scenario == .flaky
      ? Faults(before: simulator, speed: speed, begun: !vendor.triggers, now: { Date() })
      : simulator
    return Simulation(
      server: try await LoopbackServer(desk), target: simulator.target,
      environment: simulator.environment, inputs: simulator.inputs)
  }

  public var address: String { server.address }

  public func close() async { await server.close() }
}
