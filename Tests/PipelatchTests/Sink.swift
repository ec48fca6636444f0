import Foundation

@testable import pipelatch

/// A file that a report is written to in a test, and what stands in it afterwards.
final class Sink: Sendable {
  let path = FileManager.default.temporaryDirectory
    .appendingPathComponent("pipelatch-\(UUID().uuidString)").path
  private let file: Int32

  init() { file = open(path, O_CREAT | O_RDWR | O_APPEND, 0o600) }

  deinit {
    close(file)
    unlink(path)
  }

  var console: Console { Console(output: file, error: file) }

  var text: String {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  var lines: [String] { text.split(separator: "\n").map(String.init) }
}
