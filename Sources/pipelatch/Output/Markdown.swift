/// Remote text made harmless in GitHub's and GitLab's Markdown.
enum Markdown {
  private static let special = Set(#"\`*_{}[]()#+!|~$"#)

  /// Text that renders as it is written.
  static func escaped(_ text: String) -> String {
    var safe = ""
    for character in text {
      switch character {
      case "<": safe += "&lt;"
      case ">": safe += "&gt;"
      case "&": safe += "&amp;"
      case "\n", "\r", "\r\n": safe += " "
      case _ where special.contains(character): safe += "\\\(character)"
      default: safe.append(character)
      }
    }
    return safe
  }

  /// A link, or the text alone where the address is none to follow.
  static func link(_ text: String, _ url: String?) -> String {
    guard let url, url.hasPrefix("https://") || url.hasPrefix("http://"),
      url.unicodeScalars.allSatisfy({ (33...126).contains($0.value) }),
      !url.contains(where: { "<>\"`|\\".contains($0) })
    else { return escaped(text) }
    return "[\(escaped(text))](<\(url)>)"
  }

  /// A block whose fence is longer than any run of backticks inside.
  static func fenced(_ lines: [String], language: String = "text") -> String {
    var (longest, current) = (2, 0)
    for character in lines.joined(separator: "\n") {
      current = character == "`" ? current + 1 : 0
      longest = max(longest, current)
    }
    let fence = String(repeating: "`", count: longest + 1)
    return ([fence + language] + lines + [fence]).joined(separator: "\n") + "\n"
  }
}
