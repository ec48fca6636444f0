/// A pause between two looks, which the vendor may cut short by telling of a change.
struct Rest {
  let time: any Timekeeper
  /// At most this long.
  let pause: Duration
  /// At least this long, whatever the vendor tells.
  let least: Duration

  /// False when the wait was interrupted.
  func take() async -> Bool {
    (try? await time.sleep(for: pause)) != nil
  }

  /// As `take`, but a change of the run ends it.
  func take(hearing pipeline: any Announcing, of run: Run) async -> Bool {
    let begun = time.elapsed
    let told = await withTaskGroup(of: Bool?.self) { group in
      group.addTask { (try? await time.sleep(for: pause)) == nil ? nil : false }
      group.addTask { (try? await pipeline.change(of: run)) == nil ? nil : true }
      var heard: Bool?
      while heard == nil, let result = await group.next() { heard = result }
      group.cancelAll()
      return heard
    }
    guard let told, !Task.isCancelled else { return false }
    // A vendor that tells of changes without end must not be asked without end.
    let left = min(pause, least) - (time.elapsed - begun)
    return told && left > .zero ? await Rest(time: time, pause: left, least: left).take() : true
  }
}
