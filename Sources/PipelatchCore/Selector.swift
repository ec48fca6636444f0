/// Which run is meant. At least one of `run`, `latest`, `ref` and `commit` is set: which run is never guessed.
public struct Selector: Hashable, Sendable {
  /// The vendor's id of the run.
  public var run: String?
  /// The newest run, whatever its state.
  public var latest = false
  /// A branch or a tag.
  public var ref: String?
  /// A commit, full or its first seven characters or more.
  public var commit: String?
  /// Runs created earlier are ignored.
  public var since: Timestamp?

  public init() {}

  public var isEmpty: Bool { run == nil && !latest && ref == nil && commit == nil }

  /// Whether the run is the one meant, as far as the vendor says; what it does not say, it is not.
  public func admits(_ candidate: Run) -> Bool {
    if let run, candidate.id != run, candidate.handle != run { return false }
    if let ref, !candidate.refs.contains(where: { Self.names($0, ref) }) { return false }
    if let commit, !candidate.commits.contains(where: { Self.abbreviates(commit, $0) }) {
      return false
    }
    if let since {
      guard let begin = candidate.createdAt ?? candidate.startedAt else { return false }
      if begin < since { return false }
    }
    return true
  }

  /// Whether two spellings name one ref: vendors write `main`, `refs/heads/main` and `refs/tags/v1` by turns.
  public static func names(_ one: String, _ other: String) -> Bool {
    one == other || short(one) == other || one == short(other)
  }

  /// Whether `prefix` is `commit`, full or abbreviated to seven characters or more.
  public static func abbreviates(_ prefix: String, _ commit: String) -> Bool {
    let isWhole = prefix.utf8.count >= 40
    return prefix.count >= 7 && commit.lowercased().hasPrefix(prefix.lowercased())
      && !(isWhole && commit.utf8.count > prefix.utf8.count)
  }

  private static func short(_ ref: String) -> Substring {
    for prefix in ["refs/heads/", "refs/tags/"] where ref.hasPrefix(prefix) {
      return ref.dropFirst(prefix.count)
    }
    return ref[...]
  }
}

/// What a new run is started with.
public struct Order: Hashable, Sendable {
  public var ref: String?
  public var commit: String?
  /// Variables, inputs or properties, in the order given.
  public var inputs: [Input] = []
  /// The mark by which the run is found again.
  public var key: String?

  public struct Input: Hashable, Sendable {
    public var key: String
    public var value: String

    public init(key: String, value: String) {
      self.key = key
      self.value = value
    }
  }

  public init() {}
}
