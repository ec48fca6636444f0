extension String {
  /// The columns that a terminal gives it.
  var columns: Int { unicodeScalars.reduce(0) { $0 + $1.columns } }

  /// The longest beginning that fits into so many columns, by whole characters.
  func prefix(columns room: Int) -> String {
    var used = 0
    var head = ""
    for character in self {
      used += String(character).columns
      if used > room { break }
      head.append(character)
    }
    return head
  }

  /// Lines of at most so many columns, broken between words; a word that is longer stays whole.
  func wrapped(columns room: Int) -> [String] {
    var lines: [String] = []
    for word in split(separator: " ") {
      if let last = lines.last, last.columns + 1 + String(word).columns <= room {
        lines[lines.count - 1] = "\(last) \(word)"
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }
}

extension Unicode.Scalar {
  /// East Asian wide and full-width blocks, beside the emoji that the standard library knows.
  /// https://www.unicode.org/reports/tr11/
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C,
    0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60,
    0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F265,
    0x1FA70...0x1FAFF, 0x20000...0x3FFFD,
  ]

  private static let flags: ClosedRange<UInt32> = 0x1F1E6...0x1F1FF
  /// Vowels and finals of Hangul, which join the syllable before them.
  private static let joined: ClosedRange<UInt32> = 0x1160...0x11FF

  var columns: Int {
    if value < 0x300 { return value < 0x20 || (0x7F..<0xA0).contains(value) ? 0 : 1 }
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control: return 0
    default: break
    }
    if Self.joined.contains(value) { return 0 }
    if Self.flags.contains(value) { return 1 }
    if properties.isEmojiPresentation { return 2 }
    return Self.wide.contains { $0.contains(value) } ? 2 : 1
  }
}
