/// Text made fit for XML 1.0.
enum XML {
  static func escaped(_ text: String) -> String {
    var safe = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": safe += "&amp;"
      case "<": safe += "&lt;"
      case ">": safe += "&gt;"
      case "\"": safe += "&quot;"
      case "\t", "\n", " "..."\u{D7FF}", "\u{E000}"..."\u{FFFD}", "\u{10000}"..."\u{10FFFF}":
        safe.unicodeScalars.append(scalar)
      default: safe += "\u{FFFD}"
      }
    }
    return safe
  }

  static func quoted(_ text: String) -> String { "\"\(escaped(text))\"" }
}
