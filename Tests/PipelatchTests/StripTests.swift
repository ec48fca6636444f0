import Testing

@testable import pipelatch

@Suite struct StripTests {
  @Test(arguments: [
    ("abc", 3), ("编译", 4), ("ｆｕｌｌ", 8), ("한국어", 6), ("e\u{301}", 1), ("🚀", 2), ("✓", 1),
    ("", 0), ("ünïcödé", 7), ("テスト 1", 8), ("❤\u{FE0F}", 1),
  ])
  func `text is as wide as a terminal draws it`(text: String, columns: Int) {
    #expect(text.columns == columns)
  }

  @Test func `a wide character is never cut in half`() {
    #expect(Strip("编译和测试").cut(to: 6, mark: "…").text == "编译…")
    #expect(Strip("编译和测试").cut(to: 10, mark: "…").text == "编译和测试")
  }

  @Test func `long words are broken between, never inside`() {
    #expect("too many requests 编译".wrapped(columns: 9) == ["too many", "requests", "编译"])
    #expect("https://ci.example/x y".wrapped(columns: 6) == ["https://ci.example/x", "y"])
    #expect("".wrapped(columns: 6).isEmpty)
  }

  @Test func `two ends of a line fill it exactly`() {
    for name in ["Deploy", "部署到生产环境的流水线", "a rather long name of a job"] {
      for columns in [20, 24, 40] {
        let strip = Strip.spread(Strip(name), Strip("0:08"), columns: columns, mark: "…")
        #expect(strip.columns == columns || strip.columns == columns - 1, "\(strip.text)")
        #expect(strip.text.hasSuffix("0:08"))
      }
    }
  }

  @Test func `colour is there only where it is wanted`() {
    let strip = Strip("ok", .green) + Strip(" then")
    #expect(strip.painted(false) == "ok then")
    #expect(strip.painted(true) == "\u{1B}[32mok\u{1B}[0m then")
  }
}
