/// One line of the live table: pieces of text, each of one colour.
struct Strip: Hashable, Sendable {
  enum Ink: String, Sendable {
    case plain = ""
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case cyan = "36"
  }

  private struct Piece: Hashable {
    var text: String
    var ink: Ink
  }

  private var pieces: [Piece]

  init(_ text: String, _ ink: Ink = .plain) {
    pieces = text.isEmpty ? [] : [Piece(text: text, ink: ink)]
  }

  static func + (left: Strip, right: Strip) -> Strip {
    var sum = left
    sum.pieces += right.pieces
    return sum
  }

  var text: String { pieces.map(\.text).joined() }
  var columns: Int { pieces.reduce(0) { $0 + $1.text.columns } }

  /// With the escape sequences of its colours, or without any.
  func painted(_ colour: Bool) -> String {
    guard colour else { return text }
    return pieces.map { piece in
      piece.ink == .plain
        ? piece.text : "\u{1B}[\(piece.ink.rawValue)m\(piece.text)\u{1B}[0m"
    }.joined()
  }

  /// At most so many columns wide; what is cut off is marked.
  func cut(to width: Int, mark: String) -> Strip {
    if columns <= width { return self }
    var strip = Strip("")
    var room = max(0, width - mark.columns)
    for piece in pieces {
      let head = piece.text.prefix(columns: room)
      strip.pieces.append(Piece(text: head, ink: piece.ink))
      room -= head.columns
      if head.count < piece.text.count { break }
    }
    return width >= mark.columns ? strip + Strip(mark, .dim) : strip
  }

  /// Two strips at the edges of a line; the right one stays whole as long as half of the line is left for the other.
  static func spread(_ left: Strip, _ right: Strip, columns: Int, mark: String) -> Strip {
    let room = columns - right.columns - 1
    if right.columns == 0 || room < columns / 2 { return left.cut(to: columns, mark: mark) }
    let head = left.cut(to: room, mark: mark)
    let gap = String(repeating: " ", count: columns - head.columns - right.columns)
    return head + Strip(gap) + right
  }
}
