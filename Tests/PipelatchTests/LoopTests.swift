import Glibc
import Testing

@testable import pipelatch

struct LoopTests {
  @Test func `a sleep ends at once when its task is canceled, before it began or after`() async {
    let loop = Loop()
    for lead in [Duration.zero, .milliseconds(20)] {
      let sleeper = Task(executorPreference: loop) { try await loop.sleep(for: .seconds(3600)) }
      try? await loop.sleep(for: lead)
      sleeper.cancel()
      await #expect(throws: CancellationError.self) { try await sleeper.value }
    }
  }

  @Test func `whatever waits on it wakes on its one thread`() async {
    let loop = Loop()
    let threads = await Task(executorPreference: loop) {
      await withTaskGroup(of: [pthread_t].self) { group in
        for _ in 0..<20 {
          group.addTask {
            var threads = [pthread_self()]
            try? await loop.sleep(for: .milliseconds(1))
            threads.append(pthread_self())
            await Task.yield()
            return threads + [pthread_self()]
          }
        }
        return await group.reduce(into: Set<pthread_t>()) { $0.formUnion($1) }
      }
    }.value
    #expect(threads.count == 1)
  }
}
