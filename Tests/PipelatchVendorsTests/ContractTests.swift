import PipelatchCore
import PipelatchVendors
import Testing

/// What every vendor owes by being in the list.
struct ContractTests {
  @Test(arguments: vendors.map { $0.card.name })
  func `a vendor brings a tape of everything it can do`(name: String) throws {
    let vendor = try vendor(named: name)
    let there = Set(Tape.of(name).map(\.name))
    var owed = [
      "running", "succeeded", "failed", "canceled", "unknown-word", "refused", "missing",
      "find-latest",
    ]
    if vendor is any Startable.Type { owed.append("start") }
    if vendor is any Markable.Type { owed.append("marked") }
    if vendor is any Cancelable.Type { owed.append("cancel") }
    if vendor is any Logged.Type { owed.append("log") }
    if vendor is any Remembered.Type { owed.append("durations") }
    if vendor is any Announcing.Type { owed.append("change") }
    if vendor is any Permitting.Type { owed.append("permission") }
    for tape in owed {
      #expect(there.contains(tape), "record Tapes/\(name)/\(tape).tape")
    }
  }

  @Test(arguments: vendors.map { $0.card.name })
  func `every word of a vendor stands on one of its tapes`(name: String) throws {
    let tapes = Tape.of(name).map(\.text).joined()
    for vocabulary in try vendor(named: name).vocabularies {
      for word in vocabulary.words.keys.sorted() {
        // A word may be a bare number.
        let spellings = ["\"\(word)\""] + (Int(word) == nil ? [] : [":\(word),", ":\(word)}"])
        #expect(
          spellings.contains(where: tapes.contains), "no tape in Tapes/\(name) has the word \(word)"
        )
      }
    }
  }

  @Test(arguments: vendors.map { $0.card.name })
  func `a word that is not listed is unknown and no end`(name: String) throws {
    for vocabulary in try vendor(named: name).vocabularies {
      for word in ["", "success!", "SUCCEEDED_MAYBE", "完成"] {
        #expect(vocabulary[word] == .unknown(word))
        #expect(!vocabulary[word].ended)
      }
      #expect(!vocabulary[nil].ended)
    }
  }

  @Test(arguments: vendors.map { $0.card.name })
  func `a vendor says how to be asked and where it is documented`(name: String) throws {
    let card = try vendor(named: name).card
    #expect(!card.title.isEmpty && !card.form.isEmpty && !card.credentials.isEmpty)
    #expect(card.documents.hasPrefix("https://"))
  }
}
