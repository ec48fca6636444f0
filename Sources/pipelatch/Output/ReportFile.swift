import FoundationEssentials
import Glibc
import PipelatchCore

/// A file that a report is written to.
struct ReportFile: Sendable {
  var path: String
  /// The option or variable that named it.
  var source: String
  /// Behind what is there already; the files of a host CI are shared by the steps.
  var appends = false

  /// Returns a sentence where it could not be written.
  func write(_ text: String) -> String? {
    let mode = O_WRONLY | O_CREAT | O_CLOEXEC | (appends ? O_APPEND : O_TRUNC)
    let file = open(path, mode, 0o644)
    guard file >= 0 else { return complaint }
    let written = Console.put(text, to: file)
    return close(file) == 0 && written ? nil : complaint
  }

  private var complaint: String {
    "\(source): the report could not be written to '\(path)': \(String(cString: strerror(errno)))"
  }
}
