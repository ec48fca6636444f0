/// A story that `demo` can show.
public enum Scenario: String, CaseIterable, Sendable {
  case success
  case failure
  case canceled
  case timedout
  /// A person must act; after a while a colleague does.
  case approval
  /// A success with trouble on the way.
  case flaky
}
