import ArgumentParser

@main
struct Bench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pipelatch-bench",
    abstract: "Measures pipelatch's polling on a virtual clock: the same figures on every machine.",
    subcommands: [ScheduleCommand.self])
}
