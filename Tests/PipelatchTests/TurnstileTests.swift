import Testing

@testable import pipelatch

struct TurnstileTests {
  /// When requests go that come at these moments.
  private func go(_ moments: [Duration]) -> [Duration] {
    var turnstile = Turnstile()
    return moments.map { $0 + turnstile.pass(at: $0) }
  }

  @Test func `one gate never waits`() {
    let moments = (0..<100).map { Duration.milliseconds(500 * ($0 / 4)) }
    #expect(go(moments) == moments)
  }

  @Test(arguments: [100, 1000])
  func `whatever comes at once leaves at under a third of a hundred a second`(count: Int) {
    for moments in [
      [Duration](repeating: .seconds(9), count: count),
      (0..<count).map { .milliseconds($0) }, (0..<count).map { .milliseconds(30 * $0) },
    ] {
      let gone = go(moments)
      #expect(gone == gone.sorted())
      for moment in gone {
        #expect(gone.filter { $0 >= moment && $0 < moment + .seconds(1) }.count <= 30)
      }
    }
  }

  @Test func `after a pause requests go at once again`() {
    let crowd = [Duration](repeating: .zero, count: 50)
    #expect(go(crowd + [.seconds(10)]).last == .seconds(10))
  }
}
