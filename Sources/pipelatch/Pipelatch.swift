import ArgumentParser
import Glibc
import PipelatchCore

/// The door: parses, runs one command, prints a failure once, and exits with its code.
@main
struct Pipelatch: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pipelatch",
    abstract: "Block on a pipeline run at any vendor, and be believed.",
    discussion: """
      The exit code says how the run ended:

      \(PipelatchCore.ExitCode.table)
      """,
    version: version,
    subcommands: commands, defaultSubcommand: WaitCommand.self)

  private static let commands: [any ParsableCommand.Type] = [
    WaitCommand.self, TriggerCommand.self, CheckCommand.self, DemoCommand.self,
    DoctorCommand.self, VendorsCommand.self,
  ]

  static func main() async {
    signal(SIGPIPE, SIG_IGN)
    guard Console.hasOutput else {
      leave(Failure(.usage, "standard output is closed", remedy: "Redirect it to /dev/null"))
    }
    do {
      var command = try order()
      guard let waiting = command as? any AsyncParsableCommand else { return try command.run() }
      // Handed over whole: nobody holds it here any more.
      nonisolated(unsafe) let handed = waiting
      await withTaskExecutorPreference(Loop.shared) { await obey(handed) }
    } catch {
      leave(error)
    }
  }

  /// Leaves from where it ran: each change of threads costs more than a small command does.
  nonisolated private static func obey(_ command: any AsyncParsableCommand) async {
    do {
      var command = command
      try await command.run()
      Glibc.exit(0)
    } catch {
      leave(error)
    }
  }

  /// The command that was asked for. One that is named is read by itself, which takes half the time of reading the tree
  /// of all commands; what it does not understand, such as a cry for help, goes to the tree.
  private static func order() throws -> any ParsableCommand {
    let words = CommandLine.arguments.dropFirst()
    let named = commands.first { $0.configuration.commandName == words.first }
    if named is any AsyncParsableCommand.Type { Loop.shared.rehearse() }
    if let named, let command = try? named.parseAsRoot(Array(words.dropFirst())),
      type(of: command) == named
    {
      return command
    }
    return try parseAsRoot()
  }

  private static func leave(_ error: any Error) -> Never {
    switch error {
    case let failure as Failure:
      Console().line("pipelatch: \(Wash()(failure.sentence))", to: .error)
      Glibc.exit(failure.exitCode.rawValue)
    case let code as ArgumentParser.ExitCode: Glibc.exit(code.rawValue)
    default: exit(withError: error)
    }
  }
}

extension PipelatchCore.ExitCode {
  /// Every code with its sentence, a line each.
  static var table: String {
    allCases.map { "\(String($0.rawValue).padded(5))  \($0.sentence)" }.joined(separator: "\n")
  }
}
