import Foundation
import PipelatchCore
import PipelatchVendors
import Testing

@testable import pipelatch

@Suite struct WashTests {
  private let wash = Wash { [Secret("hunter2-hunter2")] }

  @Test(arguments: [
    ("\u{1B}[31mred\u{1B}[0m text", "red text"),
    ("\u{1B}]0;title\u{07}name", "name"),
    ("\u{1B}]8;;https://x.example\u{1B}\\link\u{1B}]8;;\u{1B}\\", "link"),
    ("\u{9B}31mred", "red"),
    ("a\u{1B}(Bb", "ab"),
    ("open\u{1B}]0;no end", "open0;no end"),
    ("broken\u{1B}[", "broken"),
    ("bell\u{07} and\u{202E} back\u{8}", "bell and back"),
  ])
  func `escape sequences leave no trace`(dirty: String, clean: String) {
    #expect(wash(dirty) == clean)
  }

  @Test func `a secret is masked, also where it is written through`() {
    #expect(wash("token hunter2-hunter2.") == "token ***.")
    #expect(wash("hunter2\u{1B}[0m-hunter2") == "***")
    #expect(wash("hunter2\u{200B}-hunter2") == "***")
  }

  @Test func `a log line shows what its carriage returns left`() {
    guard case .log(_, let lines) = wash(.log(job: "a", lines: ["10 %\r50 %\r100 %\r", "\r\n"]))
    else { return }
    #expect(lines == ["100 %", ""])
  }

  @Test(arguments: [
    "::error::x", "  ::set-output name=a::b", "##[error]x", "##vso[task.x]", "section_start:1:x",
    "##VSO[task.x]", "###[error]x", ":::error::x",
  ])
  func `no text commands the host`(command: String) {
    let clean = wash(command)
    for word in ["::error", "::set-output", "##[", "##vso[", "section_start:"] {
      #expect(!clean.lowercased().contains(word))
    }
  }

  private static let odd = "a/b+c=\"d\\e%&f'<"

  @Test(arguments: [
    odd, "a%2Fb%2Bc%3D%22d%5Ce%25%26f%27%3C", "a%2fb+c=%22d%5ce%25&f'%3c",
    "a%252Fb%252Bc%253D%2522d%255Ce%2525%2526f%2527%253C",
    "a\\/b+c=\\\"d\\\\e%&f'<", "a/b+c=\\u0022d\\u005ce%\\u0026f\\u0027\\u003C",
    "a/b+c=\\\\\\\"d\\\\\\\\e%&f'<", "a/b+c=&quot;d\\e%&amp;f&#39;&lt;",
    "a/b+c=&#x22;d\\e%&#38;f&apos;&lt;",
  ])
  func `a secret is masked in every form that text is escaped in`(form: String) {
    let wash = Wash { [Secret(Self.odd)] }
    #expect(wash("x \(form) y") == "x *** y")
  }

  @Test(arguments: ["", "u:", "me:", "x", "user:"], ["", "@", "&more=1"])
  func `a secret is masked inside base64`(before: String, after: String) {
    let secret = "pt-0fh3>>>SECRET???fbG"
    let wash = Wash { [Secret(secret)] }
    let text = Data((before + secret + after).utf8).base64EncodedString()
    let forAddresses = text.replacing("+", with: "-").replacing("/", with: "_")
    for form in [text, forAddresses, text.replacing("/", with: "\\/")] {
      let clean = wash(form)
      #expect(clean.contains("***") && clean.count < 30, "\(clean)")
    }
  }

  @Test func `words that look a little like a secret stay`() {
    for text in [
      "hunter2-hunter", "hunter2 hunter2", "aHVudGVy", "100 % of \\ and & so on", "%", "&", "\\",
    ] {
      #expect(wash(text) == text)
    }
  }

  @Test func `a secret that came later is masked too`() {
    let wallet = Wallet(.token(Secret("first-token"), from: "TEST"))
    let wash = Wash { wallet.secrets }
    #expect(wash("first-token second-token") == "*** second-token")
    wallet.keep(Secret("second-token"))
    #expect(wash("first-token second-token") == "*** ***")
  }
}
