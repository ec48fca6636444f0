/// How long past runs took, asked for once however many gates of one process wait for runs of one pipeline.
public actor Past {
  /// Runs that are alike: of one pipeline, of one ref and, where a pipeline has several, of one workflow.
  private struct Kin: Hashable {
    var pipeline: String
    var ref: String?
    var workflow: String?

    init(_ run: Run, of pipeline: String) {
      self.pipeline = pipeline
      ref = run.ref
      workflow = run.handle == run.id ? run.stages.first?.name : nil
    }
  }

  private var known: [Kin: [Duration]] = [:]

  public init() {}

  /// Newest first; nil where the vendor does not tell. `name` is the same for all gates of one pipeline.
  func durations(
    like run: Run, at pipeline: any Remembered, named name: String
  ) async -> [Duration]? {
    let kin = Kin(run, of: name)
    if let known = known[kin] { return known }
    guard let durations = try? await pipeline.durations(like: run) else { return nil }
    known[kin] = durations
    return durations
  }
}
