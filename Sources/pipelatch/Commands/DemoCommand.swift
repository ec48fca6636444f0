import ArgumentParser
import FoundationEssentials
import PipelatchCore
import PipelatchSimulator
import PipelatchVendors

/// `pipelatch demo`: the whole job with no account, against a simulated vendor on loopback.
struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "The whole job with no account: trigger a run at a simulated vendor and gate on it.")

  @Option(
    help: ArgumentHelp(
      "Whose protocol is spoken; 'pipelatch vendors' lists them. Else one that can show the scenario.",
      valueName: "vendor"))
  var vendor: String?

  @Option(
    help: ArgumentHelp(
      "What happens: \(Scenario.allCases.map(\.rawValue).joined(separator: ", ")).",
      valueName: "scenario"),
    transform: Self.scenario)
  var scenario = Scenario.success

  @OptionGroup(title: "Verdict and output") var output: OutputOptions

  func run() async throws {
    let type = try simulator
    let simulation: Simulation
    do { simulation = try await Simulation.open(type, scenario) } catch {
      throw Failure(.fault, "the simulated vendor got no port on loopback: \(error)")
    }
    var connection = try ConnectionOptions.parse([])
    connection.server = simulation.address
    var session = Session(connection, output)
    session.environment = Environment(variables: simulation.environment)
    announce(simulation, type, session.console)
    let network = session.network(timeout: nil)
    let wait = try WaitOptions.parse(["--min-interval", "300ms", "--max-interval", "1s"])
    let terms = try wait.terms(output.accepted, logLines: output.logLines)
    try await Targets.closing(network) { () throws(Failure) in
      let target = try Target(simulation.target)
      let place = try await session.place(target, on: network)
      let wish = Session.Wish(place: place, purpose: Self.purpose(type, target, simulation))
      let code = await session.run([wish], wait: wait, terms: terms)
      await simulation.close()
      return code
    }
  }

  private var simulator: any Simulator.Type {
    get throws(Failure) {
      guard let vendor else {
        let able = simulators.first { $0.triggers && (scenario != .timedout || $0.tellsTimeouts) }
        return able ?? simulators[0]
      }
      _ = try PipelatchVendors.vendor(named: vendor)
      if let type = PipelatchSimulator.simulator(named: vendor) { return type }
      let names = simulators.map { $0.name }.joined(separator: ", ")
      throw Failure(.usage, "there is no demo of \(vendor)", remedy: "There are: \(names)")
    }
  }

  /// Where nothing can be started a run is going already.
  private static func purpose(
    _ type: any Simulator.Type, _ target: Target, _ simulation: Simulation
  ) -> Gate.Purpose {
    if type.triggers {
      var order = Order()
      order.ref = target.ref
      order.inputs = simulation.inputs.map { Order.Input(key: $0.name, value: $0.value) }
      return .trigger(order)
    }
    var selector = Selector()
    selector.latest = true
    return .wait(selector)
  }

  /// Says what is about to happen, as the command a user would type.
  private func announce(
    _ simulation: Simulation, _ type: any Simulator.Type, _ console: Console
  ) {
    guard output.output != .quiet else { return }
    let command = type.triggers ? "trigger" : "wait --latest"
    let variables = simulation.environment.keys.sorted().map { "\($0)=…" }.joined(separator: " ")
    let inputs = simulation.inputs.map { " --input \($0.name)=\($0.value)" }.joined()
    console.line(
      "A simulated \(type.name) is at \(simulation.address). This is\n"
        + "  \(variables) pipelatch \(command) \(simulation.target)\(inputs) --server \(simulation.address)\n",
      to: .error)
    if scenario == .timedout, !type.tellsTimeouts {
      let able = simulators.filter { $0.tellsTimeouts }.map { $0.name }.joined(separator: ", ")
      console.line(
        "\(type.name) has no word for a time limit: such a run fails there (exit 1). Vendors that have"
          + " one: \(able) (exit 3).\n", to: .error)
    }
  }

  private static func scenario(_ text: String) throws -> Scenario {
    guard let scenario = Scenario(rawValue: text) else {
      let names = Scenario.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("'\(text)' is not one of \(names)")
    }
    return scenario
  }
}
