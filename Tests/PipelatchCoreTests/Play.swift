import PipelatchCore
import Synchronization

/// One gate, played from its first look to its verdict.
struct Play: Sendable {
  var outcome: Outcome
  var events: [Event]
  var calls: [Script.Entry]
  var clock: FakeClock

  /// When something was asked, such as `\.isLook`.
  func times(_ kind: (Script.Call) -> Bool) -> [Duration] {
    calls.filter { kind($0.call) }.map(\.at)
  }

  func count(_ kind: (Script.Call) -> Bool) -> Int { times(kind).count }

  var looks: [Duration] { times(\.isLook) }
  var starts: Int { count(\.isStart) }
  var cancels: Int { count(\.isCancel) }
  var code: ExitCode { outcome.exitCode }
  var troubles: [Trouble] {
    events.compactMap { if case .trouble(let trouble) = $0 { trouble } else { nil } }
  }
  var notes: [String] {
    events.compactMap { if case .note(let text) = $0 { text } else { nil } }
  }
}

/// Where a test cancels the gate's task, as a signal does.
enum Interruption: Sendable {
  case never
  /// While the first call of this kind is being answered.
  case during(@Sendable (Script.Call) -> Bool)
  /// As the sleep of this number begins, counted from 1.
  case atSleep(Int)
}

/// Something that several tasks write to.
final class Shared<Value: Sendable>: Sendable {
  private let mutex: Mutex<Value>

  init(_ value: Value) { mutex = Mutex(value) }

  var value: Value { mutex.withLock { $0 } }

  @discardableResult
  func change<Result: Sendable>(_ body: @Sendable (inout Value) -> Result) -> Result {
    mutex.withLock { body(&$0) }
  }
}

/// Plays a gate of `vendor` on a clock that never waits; a die always shows its middle unless told otherwise.
func play<Vendor: Scripted>(
  _ vendor: Vendor.Type, _ purpose: Gate.Purpose, _ lines: Script.Lines,
  meter: FakeMeter = FakeMeter(), clock: FakeClock = FakeClock(), dice: Dice = Dice { 0.5 },
  schedule: Schedule = Schedule(), interrupted: Interruption = .never,
  signal: ExitCode? = .terminated, terms change: (inout Gate.Terms) -> Void = { _ in }
) async -> Play {
  let task = Shared<Task<Outcome, Never>?>(nil)
  let events = Shared<[Event]>([])
  let script = Script(lines, clock: clock, meter: meter) { call in
    guard case .during(let kind) = interrupted, kind(call) else { return }
    task.value?.cancel()
  }
  if case .atSleep(let number) = interrupted {
    clock.atSleep { if $0 == number { task.value?.cancel() } }
  }
  var terms = Gate.Terms()
  change(&terms)
  let gate = Gate(
    pipeline: Vendor(script: script), purpose: purpose, terms: terms, schedule: schedule,
    time: clock, dice: dice, meter: meter, interruption: { signal },
    tell: { event in events.change { $0.append(event) } })
  let (curtain, stage) = AsyncStream<Void>.makeStream()
  let running = Task {
    for await _ in curtain { break }
    return await gate.run()
  }
  task.change { $0 = running }
  stage.yield()
  let outcome = await running.value
  return Play(outcome: outcome, events: events.value, calls: script.calls, clock: clock)
}

/// Plays a gate of a vendor that can do what most can.
func play(
  _ purpose: Gate.Purpose, _ lines: Script.Lines, meter: FakeMeter = FakeMeter(),
  clock: FakeClock = FakeClock(), dice: Dice = Dice { 0.5 }, schedule: Schedule = Schedule(),
  interrupted: Interruption = .never, terms change: (inout Gate.Terms) -> Void = { _ in }
) async -> Play {
  await play(
    Rich.self, purpose, lines, meter: meter, clock: clock, dice: dice, schedule: schedule,
    interrupted: interrupted, terms: change)
}
