import ArgumentParser
import FoundationEssentials

struct ScheduleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedule",
    abstract: "Requests against lag: pipelatch's schedule and its peers', on past runs.",
    discussion: """
      Every run after a pipeline's first 20 is waited for by every policy, with the 20 runs before it as history. \
      Requests count the first look and, where history is asked for, its listing. Lag is the time from a run's end to \
      the look that sees it. Efficiency is the lag of a fixed interval with as many requests, over the policy's own. \
      The pipelatch policies run the program's own gate; time is virtual, and the dice are seeded.
      """)

  @Option(
    help: "Durations to use: [{\"name\":..,\"durations\":[seconds..]}]. A seeded fixture otherwise."
  )
  var traces: String?

  @Flag(help: "One JSON object in place of the table.")
  var json = false

  @Option(help: "Also draw requests against lag into this file.")
  var svg: String?

  func run() async throws {
    let all = try traces.map { try Trace.read($0) } ?? Trace.fixture()
    let report = await ScheduleReport.make(all)
    print(json ? report.json : report.table)
    guard let svg else { return }
    guard FileManager.default.createFile(atPath: svg, contents: Data(Chart(report).text.utf8))
    else { throw ValidationError("'\(svg)' cannot be written") }
  }
}
