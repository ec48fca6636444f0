extension String {
  /// Without white space at either end: published examples carry stray line breaks.
  var trimmed: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }

  /// The last `count` lines, without the empty ones at the end.
  func lines(last count: Int) -> [String] {
    var lines = split(omittingEmptySubsequences: false) { $0.isNewline }.map(String.init)
    while let line = lines.last, line.allSatisfy(\.isWhitespace) { lines.removeLast() }
    return Array(lines.suffix(count))
  }
}
