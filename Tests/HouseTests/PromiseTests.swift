import Foundation
import Testing

/// What the README and SECURITY.md promise, against the tests that they say hold it.
struct PromiseTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  /// The cells of each row of the table under `heading`, without the two rows of its head.
  private static func rows(of path: String, under heading: String) throws -> [[String]] {
    let text = try text(path)
    let start = try #require(text.range(of: heading)).upperBound
    let table = text[start...].split(separator: "\n").drop { !$0.hasPrefix("|") }
      .prefix { $0.hasPrefix("|") }
    return table.dropFirst(2).map { row in
      row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    }
  }

  /// The texts of all tests whose names end so.
  private static func sources(_ ending: String) throws -> [String] {
    let files = FileManager.default.enumerator(
      at: root.appendingPathComponent("Tests"), includingPropertiesForKeys: nil)
    return try (files?.allObjects as? [URL] ?? []).filter { $0.path.hasSuffix(ending) }
      .map { try String(contentsOf: $0, encoding: .utf8) }
  }

  @Test func `each row of what can go wrong has its test, and each such test its row`() throws {
    let rows = try Self.rows(of: "README.md", under: "## What can go wrong").map { $0[0] }
    let marks = try Self.sources(".py").flatMap { text in
      text.matches(of: /@holds\(([^)]*)\)/).flatMap { mark in
        mark.1.matches(of: /"([^"]+)"/).map { String($0.1) }
      }
    }
    #expect(!rows.isEmpty)
    #expect(Set(rows) == Set(marks))
  }

  @Test func `each promise of SECURITY is held by tests that exist`() throws {
    let rows = try Self.rows(of: "SECURITY.md", under: "the tests that hold it")
    let python = try Self.sources(".py").joined()
    let swift = try Self.sources(".swift").joined()
    #expect(!rows.isEmpty)
    for row in rows {
      let names = row[1].matches(of: /`([^`]+)`/).map { String($0.1) }
      #expect(!names.isEmpty, "nothing holds '\(row[0])'")
      for name in names {
        let there =
          name.hasPrefix("test_")
          ? python.contains("def \(name)(")
          : swift.contains("struct \(name) ") || swift.contains("func `\(name)`")
        #expect(there, "there is no test \(name)")
      }
    }
  }
}
