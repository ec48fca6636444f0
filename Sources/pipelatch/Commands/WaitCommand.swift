import ArgumentParser
import PipelatchCore
import PipelatchVendors

/// `pipelatch wait`: find runs and block until they have ended.
struct WaitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wait", abstract: "Find a run, or wait for it to appear, and block until it ends.")

  @Argument(help: ArgumentHelp("VENDOR:PATH[@REF][#RUN] or a web address.", valueName: "target"))
  var targets: [String]

  @OptionGroup(title: "Which run") var which: SelectorOptions
  @OptionGroup(title: "Waiting") var wait: WaitOptions
  @OptionGroup(title: "Verdict and output") var output: OutputOptions
  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func validate() throws { try Targets.validate(targets, which) }

  func run() async throws {
    let session = Session(connection, output)
    let network = session.network(timeout: wait.timeout)
    try await Targets.closing(network) { () throws(Failure) in
      let wishes = try await Targets.wishes(targets, which, session, network) { .wait($0) }
      return await session.run(
        wishes, wait: wait, terms: try terms())
    }
  }

  private func terms() throws(Failure) -> Gate.Terms {
    do { return try wait.terms(output.accepted, logLines: output.logLines) } catch {
      throw Failure(.usage, "\(error)")
    }
  }
}
