import ArgumentParser
import PipelatchCore
import PipelatchVendors

/// Which run is meant.
struct SelectorOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The run with this id, as #RUN; one target only.", valueName: "id"))
  var run: String?

  @Flag(help: "The newest run, whatever its state.")
  var latest = false

  @Option(
    help: ArgumentHelp("The run of this commit, full or 7+ characters.", valueName: "sha"))
  var commit: String?

  @Option(help: ArgumentHelp("The branch or tag, as @REF.", valueName: "name"))
  var ref: String?

  @Option(
    help: ArgumentHelp(
      "Ignore runs created earlier: 10m, 2h, or ISO 8601.", valueName: "when"))
  var since: String?

  func validate() throws {
    if let since { _ = try Span.moment(since, now: Timestamp(milliseconds: 0)) }
    if let commit, commit.count < 7 || !commit.allSatisfy(\.isHexDigit) {
      throw ValidationError("--commit: '\(commit)' is no commit; give 7 or more hex digits")
    }
    if run == "" || ref == "" {
      throw ValidationError("\(run == "" ? "--run" : "--ref") is empty")
    }
  }

  /// What the target and the options select together. Throws `.usage` where that is nothing, or a contradiction.
  func selector(for target: Target, now: Timestamp) throws(Failure) -> Selector {
    var selector = Selector()
    selector.run = try Self.one(target.run, run, "#RUN and --run", target)
    selector.ref = try Self.one(target.ref, ref, "@REF and --ref", target)
    selector.commit = commit
    selector.latest = latest
    selector.since = since.flatMap { try? Span.moment($0, now: now) }
    if selector.isEmpty {
      throw Failure(
        .usage, "\(target.text): which run is meant?",
        remedy: "Add #RUN, @REF, --commit SHA or --latest; pipelatch never guesses")
    }
    if selector.run != nil, latest {
      throw Failure(.usage, "\(target.text): a run's id and --latest exclude each other")
    }
    return selector
  }

  private static func one(
    _ inTarget: String?, _ inOption: String?, _ names: String, _ target: Target
  ) throws(Failure) -> String? {
    if let inTarget, let inOption, inTarget != inOption {
      throw Failure(.usage, "\(target.text): \(names) contradict each other")
    }
    return inTarget ?? inOption
  }
}
