/// A job's log as the runner wrote it: colors, section markers and timestamps between the lines a person reads.
/// https://docs.gitlab.com/ci/jobs/job_logs/
struct GitLabTrace {
  private static let escape = UInt8(ascii: "\u{1B}")
  private static let bell: UInt8 = 7
  private static let tab = UInt8(ascii: "\t")
  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The last `count` lines that are not empty at the end, as a terminal would have shown them.
  func lines(last count: Int) -> [String] {
    // Only the end is wanted; a trace may have 100 MB.
    var tail = bytes.suffix(65_536 + max(0, count) * 2048)
    if tail.count < bytes.count { tail = tail.drop { $0 != UInt8(ascii: "\n") }.dropFirst() }
    var lines: [String] = []
    for line in tail.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      let (text, continues) = Self.body(of: line)
      guard let shown = Self.shown(text) else { continue }
      let clean = String(decoding: Self.plain(shown), as: UTF8.self)
      if continues, let last = lines.popLast() {
        lines.append(last + clean)
      } else {
        lines.append(clean)
      }
    }
    return lines.joined(separator: "\n").lines(last: count)
  }

  /// The line without `2024-05-14T11:19:20.899359Z 00O ` in front of it, where a `+` at the end means that the line
  /// before goes on. Runners write that since 18.7.
  private static func body(of line: ArraySlice<UInt8>) -> (ArraySlice<UInt8>, continues: Bool) {
    let head = Array(line.prefix(32))
    guard head.count == 32, head[4] == UInt8(ascii: "-"), head[10] == UInt8(ascii: "T"),
      head[26] == UInt8(ascii: "Z"), head[27] == UInt8(ascii: " "),
      head[30] == UInt8(ascii: "O") || head[30] == UInt8(ascii: "E"),
      head[31] == UInt8(ascii: "+") || head[31] == UInt8(ascii: " ")
    else { return (line, false) }
    return (line.dropFirst(32), head[31] == UInt8(ascii: "+"))
  }

  /// What is left on the screen after carriage returns; nil for a line that only marks a section.
  private static func shown(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    var line = line
    while line.last == UInt8(ascii: "\r") { line.removeLast() }
    let marks = line.starts(with: "section_start:".utf8) || line.starts(with: "section_end:".utf8)
    guard let overwritten = line.lastIndex(of: UInt8(ascii: "\r")) else {
      return marks ? nil : line
    }
    let rest = line[(overwritten + 1)...]
    return marks && plain(rest).isEmpty ? nil : rest
  }

  /// Without escape sequences and other control characters.
  private static func plain(_ line: ArraySlice<UInt8>) -> [UInt8] {
    var kept: [UInt8] = []
    var rest = line
    while let byte = rest.popFirst() {
      if byte == escape {
        skipSequence(&rest)
      } else if byte >= 0x20 && byte != 0x7F || byte == tab {
        kept.append(byte)
      }
    }
    return kept
  }

  /// `rest` begins after the escape character.
  private static func skipSequence(_ rest: inout ArraySlice<UInt8>) {
    switch rest.first {
    case UInt8(ascii: "["):
      rest.removeFirst()
      while let byte = rest.first, (0x20...0x3F).contains(byte) { rest.removeFirst() }
      _ = rest.popFirst()
    case UInt8(ascii: "]"):
      while let byte = rest.popFirst(), byte != bell {
        guard byte == escape else { continue }
        _ = rest.popFirst()
        break
      }
    default:
      while let byte = rest.first, (0x20...0x2F).contains(byte) { rest.removeFirst() }
      _ = rest.popFirst()
    }
  }
}
