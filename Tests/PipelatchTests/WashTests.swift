import PipelatchCore
import PipelatchVendors
import Testing

@testable import pipelatch

@Suite struct WashTests {
  private let wash = Wash(secrets: [Secret("hunter2-hunter2")])

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
  ])
  func `no text commands the host`(command: String) {
    let clean = wash(command)
    for word in ["::error", "::set-output", "##[", "##vso[", "section_start:"] {
      #expect(!clean.contains(word))
    }
  }
}
