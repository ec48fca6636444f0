import Foundation
import Testing

/// Holds what the compiler cannot: who may know whom, and how large a file may grow.
struct WallsTests {
  struct Source: Sendable {
    var room: String
    /// The folder in the room, where it stands in one.
    var folder: String?
    var name: String
    var text: String
    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    var imports: [String] {
      lines.compactMap { line in
        let words = line.split(separator: " ")
        guard let place = words.firstIndex(of: "import"), place <= 1, words.count > place + 1,
          place == 0 || ["public", "internal", "package", "@preconcurrency"].contains(words[0])
        else { return nil }
        return String(words[place + 1])
      }
    }
    /// The text without comments and texts, so that a word in a sentence is no offence.
    var code: String {
      lines.filter { !$0.drop(while: \.isWhitespace).hasPrefix("//") }.joined(separator: "\n")
        .replacing(/"[^"\n]*"/, with: "\"\"")
    }
  }

  static let sources: [Source] = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources")
    let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
    return (files?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "swift" }.map { url in
      let below = url.path.dropFirst(root.path.count + 1).split(separator: "/")
      return Source(
        room: String(below[0]), folder: below.count > 2 ? String(below[1]) : nil,
        name: url.deletingPathExtension().lastPathComponent,
        text: (try? String(contentsOf: url, encoding: .utf8)) ?? "")
    }
  }()

  static func room(_ name: String) -> [Source] { sources.filter { $0.room == name } }

  @Test func `every room has been read`() {
    for room in ["PipelatchCore", "PipelatchVendors", "PipelatchSimulator", "pipelatch"] {
      #expect(!Self.room(room).isEmpty, "no sources in \(room)")
    }
  }

  @Test func `core imports nothing but arithmetic`() {
    for source in Self.room("PipelatchCore") {
      #expect(Set(source.imports).isSubset(of: ["RealModule"]), "\(source.name)")
    }
  }

  @Test func `vendors import no network and no arguments`() {
    let allowed: Set = ["FoundationEssentials", "PipelatchCore", "Crypto", "Synchronization"]
    for source in Self.room("PipelatchVendors") {
      #expect(Set(source.imports).isSubset(of: allowed), "\(source.name): \(source.imports)")
    }
  }

  @Test func `core and vendors neither print nor sleep nor read the world`() {
    let world = [
      "print(", "Task.sleep", "ProcessInfo", "Date()", "Date.now", ".random(", "UUID()", "getenv",
      "FileManager", "ContinuousClock",
    ]
    for source in Self.room("PipelatchCore") + Self.room("PipelatchVendors") {
      for word in world {
        #expect(!source.code.contains(word), "\(source.name) has \(word)")
      }
    }
  }

  @Test func `no vendor names another`() throws {
    let list = try #require(Self.room("PipelatchVendors").first { $0.name == "VendorList" })
    let names = list.text.matches(of: /(\w+)\.self/).map { String($0.1) }
    #expect(!names.isEmpty)
    for source in Self.room("PipelatchVendors") {
      guard let vendor = [source.folder, source.name].first(where: { names.contains($0 ?? "") })
      else { continue }
      // A product's name in a text for people may be the type of its neighbour.
      let code = source.code.replacing(/"[^"\n]*"/, with: "")
      for other in names where other != vendor {
        let found = code.firstMatch(of: try Regex("\\b\(other)\\b"))
        #expect(found == nil, "\(source.name) names \(other)")
      }
    }
  }

  @Test func `the door knows no vendor and decodes nothing of theirs`() throws {
    let list = try #require(Self.room("PipelatchVendors").first { $0.name == "VendorList" })
    let names = list.text.matches(of: /(\w+)\.self/).map { String($0.1) }
    for source in Self.room("pipelatch") {
      #expect(!source.code.contains("JSONDecoder"), "\(source.name)")
      for name in names {
        let found = source.code.firstMatch(of: try Regex("\\b\(name)\\b"))
        #expect(found == nil, "\(source.name) names \(name)")
      }
    }
  }

  @Test func `the simulator shares nothing with the client`() {
    for source in Self.room("PipelatchSimulator") {
      let shared = source.imports.filter { $0.hasPrefix("Pipelatch") }
      #expect(shared.isEmpty, "\(source.name) imports \(shared)")
    }
  }

  @Test func `one file knows the HTTP client`() {
    let files = Self.sources.filter { $0.imports.contains("AsyncHTTPClient") }
    #expect(files.map(\.name) == ["Network"])
  }

  @Test func `nobody imports the large Foundation`() {
    for source in Self.sources {
      #expect(!source.imports.contains("Foundation"), "\(source.name) costs 45 MB")
    }
  }

  @Test func `no file is over 400 lines and none has an empty name`() {
    for source in Self.sources {
      #expect(source.lines.count <= 401, "\(source.name) has \(source.lines.count) lines")
      for word in ["Manager", "Helper", "Utils", "Impl"] {
        #expect(!source.name.contains(word), "\(source.name) says nothing")
      }
    }
  }
}
