/// A workflow command of GitHub Actions that puts a message on the run's page:
/// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
struct Annotation: Hashable, Sendable {
  enum Level: String { case error, warning, notice }

  var level: Level
  var title: String
  var message: String

  /// The line to print. Nothing in the title or the message can end it or begin another.
  var line: String {
    "::\(level.rawValue) title=\(Self.property(title))::\(Self.data(message))"
  }

  private static func data(_ text: String) -> String {
    text.replacing("%", with: "%25").replacing("\r\n", with: "%0D%0A")
      .replacing("\r", with: "%0D").replacing("\n", with: "%0A")
  }

  private static func property(_ text: String) -> String {
    data(text).replacing(":", with: "%3A").replacing(",", with: "%2C")
  }
}
