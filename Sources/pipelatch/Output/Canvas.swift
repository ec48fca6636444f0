/// Redraws lines in place at the foot of a terminal. It writes nothing: it returns what to write.
///
/// The cursor is hidden, and lines are kept from wrapping, only within what one call returns. However the program ends, the terminal is as it was.
struct Canvas: Sendable {
  private static let begin = "\u{1B}[?25l\u{1B}[?7l"
  private static let end = "\u{1B}[?7h\u{1B}[?25h"
  /// This line and all below. tmux keeps what is erased from the very top of a screen as if it had scrolled off, so the first line goes by itself.
  private static let wipe = "\u{1B}[2K\n\u{1B}[J\u{1B}[A"

  private var drawn: [Strip] = []
  private var columns = 0

  /// Puts `strips` in the place of those drawn before, under `text`, which stays for good.
  mutating func draw(_ strips: [Strip], below text: [String] = [], on terminal: Terminal) -> String
  {
    if strips == drawn, text.isEmpty, terminal.columns == columns { return "" }
    var out = home(terminal)
    let moved = !text.isEmpty || terminal.columns != columns
    if moved, !drawn.isEmpty { out += Self.wipe }
    if !text.isEmpty {
      // Long lines of text may wrap: they are the reader's now.
      out += "\u{1B}[?7h" + text.map { $0 + "\r\n" }.joined() + "\u{1B}[?7l"
    }
    for (index, strip) in strips.enumerated() {
      let same = !moved && index < drawn.count && drawn[index] == strip
      // In the last column the cursor stays on what it wrote, and would erase it.
      let rest = strip.columns < terminal.columns ? "\u{1B}[K" : ""
      out += same ? "\n" : strip.painted(terminal.colour) + rest + "\r\n"
    }
    if !moved, strips.count < drawn.count { out += Self.wipe }
    drawn = strips
    columns = terminal.columns
    return Self.begin + out + Self.end
  }

  /// Begins anew under whatever stands there now.
  mutating func forget() { drawn = [] }

  /// To the first column of the first line drawn. A terminal that became narrower has wrapped the long ones.
  private func home(_ terminal: Terminal) -> String {
    let width = max(1, terminal.columns)
    let rows = drawn.reduce(0) { sum, strip in
      sum + (width < columns ? max(1, (strip.columns + width - 1) / width) : 1)
    }
    let up = min(rows, max(0, terminal.rows - 1))
    return up > 0 ? "\r\u{1B}[\(up)A" : "\r"
  }
}
