import PipelatchCore

/// What a master answers, spelled as it spells it.
extension BuildbotMaster {
  struct Builder: Decodable, Sendable {
    var builderid: Int64
    var name: String
  }

  struct BuildRequest: Decodable, Sendable {
    var buildrequestid: Int64
    var buildsetid: Int64?
    var builderid: Int64
    var claimed: Bool?
    var complete: Bool
    var results: Int?
    var submitted_at: Seconds?
    var complete_at: Seconds?
    var properties: [String: Property]?
  }

  struct Build: Decodable, Sendable {
    var buildid: Int64
    var number: Int64
    var builderid: Int64
    var buildrequestid: Int64
    var complete: Bool
    var results: Int?
    var started_at: Seconds?
    var complete_at: Seconds?
    var properties: [String: Property]?
  }

  struct Step: Decodable, Sendable {
    var stepid: Int64?
    var number: Int?
    var name: String?
    var complete: Bool
    var results: Int?
    var hidden: Bool?
    var started_at: Seconds?
    var complete_at: Seconds?
  }

  struct Buildset: Decodable, Sendable {
    struct Source: Decodable, Sendable {
      var branch: String?
      var revision: String?
    }
    var bsid: Int64
    var sourcestamps: [Source]
  }

  struct Log: Decodable, Sendable {
    var logid: Int64
    var slug: String
    /// `s` for lines of several streams, `t` for text.
    var type: String
    var num_lines: Int
  }

  /// A value and who set it; with several codebases, a value for each.
  struct Property: Decodable, Sendable {
    var texts: [String]

    init(from decoder: any Decoder) throws {
      var pair = try decoder.unkeyedContainer()
      if let text = try? pair.decode(String.self) {
        texts = [text]
      } else {
        texts = (try? pair.decode([String: String].self))?.values.sorted() ?? []
      }
      texts.removeAll(where: \.isEmpty)
    }
  }

  /// Seconds since 1970.
  struct Seconds: Decodable, Sendable {
    var moment: Timestamp?

    init(from decoder: any Decoder) throws {
      let seconds = try? decoder.singleValueContainer().decode(Double.self)
      moment = seconds.flatMap {
        (1..<1e11).contains($0) ? Timestamp(milliseconds: Int64($0 * 1000)) : nil
      }
    }
  }
}
