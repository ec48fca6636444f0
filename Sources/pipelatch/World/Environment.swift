import FoundationEssentials
import PipelatchCore

/// What the process was given: variables and files. Read here and nowhere else.
struct Environment: Sendable {
  var variables: [String: String]

  static let process = Environment(variables: ProcessInfo.processInfo.environment)

  /// The value of a variable, or nil where it is unset or empty.
  subscript(name: String) -> String? {
    guard let value = variables[name], !value.isEmpty else { return nil }
    return value
  }

  /// The text of a file; `~/` is the home directory. Throws `.notConfigured`, naming `source`.
  func read(_ path: String, for source: String) throws(Failure) -> String {
    guard let data = FileManager.default.contents(atPath: expand(path)),
      let text = String(bytes: data, encoding: .utf8)
    else { throw Failure(.notConfigured, "\(source): '\(path)' cannot be read") }
    return text
  }

  func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: expand(path)) }

  private func expand(_ path: String) -> String {
    guard path.hasPrefix("~/"), let home = self["HOME"] else { return path }
    return home + path.dropFirst()
  }
}
