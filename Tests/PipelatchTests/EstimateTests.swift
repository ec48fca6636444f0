import PipelatchCore
import Testing

@testable import pipelatch

@Suite struct EstimateTests {
  private let past: [Duration] = [60, 70, 80, 90, 100].map { .seconds($0) }

  @Test func `without a past there is no estimate`() {
    #expect(Estimate(past: [], age: .seconds(5)) == nil)
  }

  @Test func `what is left is drawn from the runs that took longer`() {
    #expect(Estimate(past: past, age: .zero)?.left == .seconds(80))
    #expect(Estimate(past: past, age: .seconds(75))?.left == .seconds(15))
    #expect(Estimate(past: past, age: .seconds(75))?.words == "about 15 s left, usually 1 min 20 s")
  }

  @Test func `a run older than all of them is said to be`() {
    let estimate = Estimate(past: past, age: .seconds(500))
    #expect(estimate?.left == nil)
    #expect(estimate?.words == "longer than any past run, usually 1 min 20 s")
  }

  @Test func `the bar never says that the run has ended`() {
    for age in stride(from: 0, through: 300, by: 1) {
      let share = Estimate(past: past, age: .seconds(age))?.share ?? 1
      #expect(share >= 0 && share < 1)
    }
  }
}
