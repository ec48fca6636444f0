/// A terminal of a few rows, as far as the live table uses one; what scrolls off is kept.
struct Screen {
  let columns: Int
  let rows: Int
  private(set) var lines: [[Character]] = [[]]
  private(set) var cursorShown = true
  private(set) var wraps = true
  /// Bytes that no terminal should be sent.
  private(set) var strange: [String] = []
  private var top = 0
  private var row = 0
  private var column = 0

  init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
  }

  /// Without the empty lines at the end.
  var text: [String] {
    var lines = lines.map { line in
      var text = String(line)
      while text.last == " " { text.removeLast() }
      return text
    }
    while lines.last == "" { lines.removeLast() }
    return lines
  }

  mutating func take(_ bytes: String) {
    var rest = Array(bytes.unicodeScalars)[...]
    while let scalar = rest.popFirst() {
      switch scalar {
      case "\r": column = 0
      case "\n": down()
      case "\u{1B}":
        rest = rest.dropFirst()
        let arguments = rest.prefix { !$0.properties.isAlphabetic }
        rest = rest.dropFirst(arguments.count)
        guard let letter = rest.popFirst() else { return }
        obey(String(String.UnicodeScalarView(arguments)), letter)
      default: put(Character(scalar))
      }
    }
  }

  private mutating func obey(_ argument: String, _ letter: Unicode.Scalar) {
    switch (letter, argument) {
    case ("A", _): row = max(top, row - (Int(argument) ?? 1))
    case ("K", ""): lines[row] = Array(lines[row].prefix(column))
    case ("K", "2"): lines[row] = []
    case ("J", ""):
      if row == top, column == 0 { strange.append("J at the top of the screen") }
      lines[row] = Array(lines[row].prefix(column))
      lines.removeSubrange((row + 1)...)
    case ("h", "?25"): cursorShown = true
    case ("l", "?25"): cursorShown = false
    case ("h", "?7"): wraps = true
    case ("l", "?7"): wraps = false
    case ("m", _): break
    default: strange.append(argument + String(letter))
    }
  }

  private mutating func put(_ character: Character) {
    if column >= columns {
      if !wraps { return }
      column = 0
      down()
    }
    while lines[row].count <= column { lines[row].append(" ") }
    lines[row][column] = character
    column = wraps ? column + 1 : min(column + 1, columns - 1)
  }

  private mutating func down() {
    row += 1
    while lines.count <= row { lines.append([]) }
    top = max(top, row - rows + 1)
  }
}
