import ArgumentParser
import PipelatchCore
import PipelatchVendors

/// `pipelatch trigger`: start a run exactly once, then block as `wait` does.
struct TriggerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trigger", abstract: "Start a run exactly once and block until it ends.")

  @Argument(help: ArgumentHelp("VENDOR:PATH[@REF].", valueName: "target"))
  var target: String

  @OptionGroup(title: "Trigger") var trigger: TriggerOptions
  @OptionGroup(title: "Waiting") var wait: WaitOptions
  @OptionGroup(title: "Verdict and output") var output: OutputOptions
  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func run() async throws {
    let session = Session(connection, output)
    let network = session.network(timeout: wait.timeout)
    try await Targets.closing(network) { () throws(Failure) in
      try await start(session, network)
    }
  }

  /// Throws `.usage` for what can never be triggered so, before anything is asked.
  func start(
    _ session: Session, _ network: any Transport
  ) async throws(Failure) -> PipelatchCore.ExitCode {
    let target = try Target(target)
    guard target.run == nil else {
      throw Failure(.usage, "\(target.text): a run that exists cannot be triggered; use wait")
    }
    let type = try vendor(named: target.vendor)
    guard type is any Startable.Type else {
      throw Failure(
        .usage, "\(type.card.name) cannot start runs", remedy: type.card.startsElsewhere)
    }
    if trigger.key != nil, !(type is any Markable.Type) {
      throw Failure(.usage, "\(type.card.name) cannot mark a run, so --key would promise too much")
    }
    var order = Order()
    order.inputs = trigger.inputs
    order.key = trigger.key
    order.commit = trigger.commit
    if let ref = trigger.ref, let inTarget = target.ref, ref != inTarget {
      throw Failure(.usage, "\(target.text): @REF and --ref contradict each other")
    }
    order.ref = target.ref ?? trigger.ref
    let place = try await session.place(target, on: network)
    let wish = Session.Wish(
      place: place, purpose: trigger.noWait ? .launch(order) : .trigger(order))
    let terms: Gate.Terms
    do { terms = try wait.terms(output.accepted, logLines: output.logLines) } catch {
      throw Failure(.usage, "\(error)")
    }
    return await session.run([wish], wait: wait, terms: terms)
  }
}
