import ArgumentParser
import PipelatchCore

/// What a new run is started with.
struct TriggerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A variable, input or property of the run; repeatable.", valueName: "key=value"))
  var input: [String] = []

  @Option(
    help: ArgumentHelp(
      "Trigger once: the run is marked with TEXT, and a run already marked so is joined.",
      valueName: "text"))
  var key: String?

  @Option(help: ArgumentHelp("The branch or tag to run, as @REF.", valueName: "name"))
  var ref: String?

  @Option(help: ArgumentHelp("The commit to run, where the vendor can.", valueName: "sha"))
  var commit: String?

  @Flag(name: .customLong("no-wait"), help: "Print the run's id and exit 0.")
  var noWait = false

  func validate() throws {
    for text in input where !text.contains("=") || text.hasPrefix("=") {
      throw ValidationError(
        "--input takes KEY=VALUE, and this one \(text.hasPrefix("=") ? "names no KEY" : "has no '='")"
      )
    }
    if let key, key.isEmpty || !key.unicodeScalars.allSatisfy({ (33...126).contains($0.value) }) {
      throw ValidationError("--key must be printable ASCII without spaces")
    }
    if ref == "" { throw ValidationError("--ref is empty") }
  }

  var inputs: [Order.Input] {
    input.map { text in
      let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return Order.Input(key: String(halves[0]), value: String(halves[1]))
    }
  }
}
