import ArgumentParser
import PipelatchCore

/// `pipelatch check`: look once and exit at once.
struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Look once and exit at once: 0 succeeded, 6 not ended, 5 waits for a person.")

  @Argument(help: ArgumentHelp("VENDOR:PATH[@REF][#RUN] or a web address.", valueName: "target"))
  var targets: [String]

  @OptionGroup(title: "Which run") var which: SelectorOptions
  @OptionGroup(title: "Verdict and output") var output: OutputOptions
  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func validate() throws { try Targets.validate(targets, which) }

  func run() async throws {
    let session = Session(connection, output)
    let network = session.network(timeout: nil)
    try await Targets.closing(network) { () throws(Failure) in
      let wishes = try await Targets.wishes(targets, which, session, network) { .check($0) }
      var terms = Gate.Terms()
      terms.accepted = (try? output.accepted) ?? []
      terms.logLines = output.logLines
      terms.learn = false
      return await session.run(wishes, terms: terms)
    }
  }
}
