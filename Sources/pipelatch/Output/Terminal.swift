import Glibc

/// What the terminal on standard error can show.
struct Terminal: Hashable, Sendable {
  var columns = 80
  var rows = 24
  var colour = true
  /// Signs beyond ASCII.
  var unicode = true

  /// Nil where the cursor cannot be moved: no terminal, or a dumb one.
  init?(_ environment: Environment) {
    guard Console.isTerminal(.error), let kind = environment["TERM"], kind != "dumb" else {
      return nil
    }
    let grey = kind.hasPrefix("vt") || kind.hasSuffix("-m") || kind.hasSuffix("-mono")
    colour = environment["NO_COLOR"] == nil && !grey
    let locale = environment["LC_ALL"] ?? environment["LC_CTYPE"] ?? environment["LANG"] ?? ""
    unicode = locale.uppercased().contains("UTF-8") || locale.uppercased().contains("UTF8")
    measure()
  }

  init(columns: Int, rows: Int = 24, colour: Bool = false, unicode: Bool = true) {
    self.columns = columns
    self.rows = rows
    self.colour = colour
    self.unicode = unicode
  }

  /// Takes the size as it is now.
  mutating func measure() {
    var size = winsize()
    guard ioctl(Console.Stream.error.rawValue, UInt(TIOCGWINSZ), &size) == 0 else { return }
    if size.ws_col > 0 { columns = Int(size.ws_col) }
    if size.ws_row > 0 { rows = Int(size.ws_row) }
  }

  /// Whether the terminal is ours to draw on: a job in the background leaves it alone.
  static var isOurs: Bool {
    let group = tcgetpgrp(Console.Stream.error.rawValue)
    return group == -1 || group == getpgrp()
  }
}
