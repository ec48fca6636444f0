import ArgumentParser
import PipelatchCore

/// Which verdicts count, and who is told in which form.
struct OutputOptions: ParsableArguments {
  enum Form: String, CaseIterable, ExpressibleByArgument { case auto, live, plain, json, quiet }

  @Option(
    help: ArgumentHelp(
      "Verdicts that count as success: canceled, timed-out, skipped.", valueName: "list"))
  var accept: String?

  @Option(help: "live on a terminal and plain otherwise, or one of these by name.")
  var output: Form = .auto

  @Option(
    name: .customLong("log-lines"),
    help: ArgumentHelp("Lines of each failed job's log.", valueName: "n"))
  var logLines = 20

  @Option(help: ArgumentHelp("Write a JUnit report.", valueName: "file"), completion: .file())
  var junit: String?

  @Option(
    help: ArgumentHelp("Write the verdict as variables.", valueName: "file"), completion: .file())
  var dotenv: String?

  @Option(help: ArgumentHelp("Write a Markdown report.", valueName: "file"), completion: .file())
  var summary: String?

  func validate() throws {
    _ = try accepted
    if logLines < 0 || logLines > 10_000 {
      throw ValidationError("--log-lines takes a number from 0 to 10000")
    }
  }

  var accepted: Set<Verdict> {
    get throws {
      try Span.list(
        accept ?? "", of: [Verdict.canceled, .timedOut, .skipped], option: "--accept")
    }
  }
}
