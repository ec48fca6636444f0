import PipelatchCore
import Testing

struct PaceTests {
  private func looks(_ pace: Schedule.Pace, in seconds: Double) -> Int {
    var schedule = Schedule()
    schedule.pace = pace
    var (age, looks) = (0.0, 1)
    while true {
      age += schedule.next(age: .seconds(age), dice: Dice { 0.5 }).inSeconds
      if age > seconds { return looks }
      looks += 1
    }
  }

  @Test func `a frugal hour without history stays under a quota of a hundred calls`() {
    #expect(looks(.frugal, in: 3600) < 90)
    #expect(looks(.normal, in: 3600) > 100)
  }

  @Test func `no pace but the frugal one changes what is done without history`() {
    #expect(looks(.fast, in: 3600) == looks(.normal, in: 3600))
  }
}
