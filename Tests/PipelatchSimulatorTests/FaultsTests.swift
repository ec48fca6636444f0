import Foundation
import PipelatchSimulator
import Synchronization
import Testing

struct FaultsTests {
  struct Calm: Desk {
    func answer(_ ask: Ask) async -> Answer { Answer(json: ["asked": .string(ask.method)]) }
  }

  @Test func `each fault happens once, to a reading, after something was started`() async {
    let clock = HandClock()
    let desk = Faults(before: Calm(), now: clock.now)
    clock.advance(by: 60)
    #expect(await desk.answer(Ask("GET", "/")).status == 200)
    #expect(await desk.answer(Ask("POST", "/")).status == 200)
    #expect(await desk.answer(Ask("GET", "/")).status == 200)
    clock.advance(by: 20)
    #expect(await desk.answer(Ask("POST", "/")).status == 200)
    let spoiled = await desk.answer(Ask("GET", "/"))
    #expect(spoiled.status == 502 && spoiled.header("content-type") == "text/html")
    #expect(await desk.answer(Ask("GET", "/")).resets)
    let throttled = await desk.answer(Ask("GET", "/"))
    #expect(throttled.status == 429 && throttled.header("retry-after") == "1")
    #expect(await desk.answer(Ask("GET", "/")).status == 502)
    #expect(await desk.answer(Ask("GET", "/")).resets)
    #expect(await desk.answer(Ask("GET", "/")).status == 200)
  }
}
