import Testing

@testable import pipelatch

@Suite struct CanvasTests {
  private let terminal = Terminal(columns: 20, rows: 6)

  @Test func `a frame takes the place of the one before it`() {
    var (canvas, screen) = (Canvas(), Screen(columns: 20, rows: 6))
    screen.take("$ pipelatch\r\n")
    for frame in [["one", "two"], ["one", "too", "three"], ["four"], ["four", "five"]] {
      screen.take(canvas.draw(frame.map { Strip($0) }, on: terminal))
      #expect(screen.text == ["$ pipelatch"] + frame)
    }
    #expect(screen.cursorShown && screen.wraps && screen.strange.isEmpty)
  }

  @Test func `a line as wide as the terminal keeps its last column`() {
    var (canvas, screen) = (Canvas(), Screen(columns: 20, rows: 6))
    let full = String(repeating: "x", count: 19) + "y"
    screen.take(canvas.draw([Strip(full), Strip("foot")], on: terminal))
    #expect(screen.text == [full, "foot"])
  }

  @Test func `text stays above the table, also where it scrolls`() {
    var (canvas, screen) = (Canvas(), Screen(columns: 20, rows: 6))
    for number in 1...9 {
      let frame = [Strip("table \(number)"), Strip("foot")]
      screen.take(canvas.draw(frame, below: ["line \(number)"], on: terminal))
    }
    screen.take(canvas.draw([], below: ["the end"], on: terminal))
    #expect(screen.text == (1...9).map { "line \($0)" } + ["the end"])
    #expect(screen.strange.isEmpty)
  }

  @Test func `a table that fills the screen leaves nothing of itself`() {
    var (canvas, screen) = (Canvas(), Screen(columns: 20, rows: 6))
    let table = (1...5).map { Strip("row \($0)") }
    for text in [[], ["a"], ["b", "c"], []] {
      screen.take(canvas.draw(table, below: text, on: terminal))
    }
    screen.take(canvas.draw([], on: terminal))
    #expect(screen.text == ["a", "b", "c"])
    #expect(screen.strange.isEmpty)
  }

  @Test func `what has not changed is not written again`() {
    var canvas = Canvas()
    let frame = [Strip("same"), Strip("old")]
    #expect(!canvas.draw(frame, on: terminal).isEmpty)
    #expect(canvas.draw(frame, on: terminal).isEmpty)
    let bytes = canvas.draw([Strip("same"), Strip("new")], on: terminal)
    #expect(bytes.contains("new") && !bytes.contains("same"))
  }

  @Test func `every write leaves the cursor shown and lines wrapping`() {
    var canvas = Canvas()
    for text in [[], ["a line"]] {
      let bytes = canvas.draw([Strip("\(text)")], below: text, on: terminal)
      #expect(bytes.hasPrefix("\u{1B}[?25l") && bytes.hasSuffix("\u{1B}[?7h\u{1B}[?25h"))
    }
  }

  @Test func `a terminal made narrower has wrapped what is to be replaced`() {
    var canvas = Canvas()
    _ = canvas.draw([Strip("0123456789"), Strip("01234")], on: terminal)
    let bytes = canvas.draw([Strip("0123")], on: Terminal(columns: 5, rows: 6))
    #expect(bytes.contains("\u{1B}[3A\u{1B}[2K"))
  }

  @Test func `after a stop the table begins anew`() {
    var canvas = Canvas()
    _ = canvas.draw([Strip("one")], on: terminal)
    canvas.forget()
    #expect(!canvas.draw([Strip("one")], on: terminal).contains("A"))
  }
}
