public import PipelatchCore

/// A vendor's status words in ours. What is not listed is unknown: never a success and never an end.
public struct Vocabulary: Sendable, ExpressibleByDictionaryLiteral {
  public let words: [String: State]

  public init(dictionaryLiteral elements: (String, State)...) {
    words = Dictionary(elements, uniquingKeysWith: { first, _ in first })
  }

  /// The state for a word exactly as the vendor spells it.
  public subscript(word: String?) -> State {
    guard let word else { return .unknown("(no status)") }
    return words[word] ?? .unknown(word)
  }
}
