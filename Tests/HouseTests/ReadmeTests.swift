import Foundation
import PipelatchCore
import PipelatchVendors
import Testing

/// The README's tables against the lists that the program runs on.
struct ReadmeTests {
  static let text: String = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return (try? String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8))
      ?? ""
  }()

  @Test(arguments: ExitCode.allCases)
  func `every exit code stands in the README with its sentence`(code: ExitCode) {
    #expect(Self.text.contains("| \(code.rawValue) | \(code.sentence) |"))
  }

  @Test(arguments: vendors.map { $0.card.name })
  func `every vendor stands in the README with the form of its target`(name: String) throws {
    let card = try vendor(named: name).card
    #expect(Self.text.contains("| \(card.title) | `\(name):\(card.form)` |"))
  }
}
