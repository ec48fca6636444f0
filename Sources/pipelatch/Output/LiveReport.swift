import PipelatchCore
import Synchronization
import UnixSignals

/// One live table on a terminal, redrawn in place; what a reader may want later is appended above it.
final class LiveReport: Report {
  private static let pause = Duration.milliseconds(200)

  private struct Scene {
    var records: Records
    var terminal: Terminal
    var canvas = Canvas()
    var closed = false
  }

  private let console: Console
  private let meters: [String: any Meter]
  private let several: Bool
  private let clock: @Sendable () -> Timestamp
  private let scene: Mutex<Scene>

  init(
    _ console: Console, terminal: Terminal, meters: [(target: String, meter: any Meter)],
    clock: @escaping @Sendable () -> Timestamp
  ) {
    self.console = console
    self.meters = Dictionary(meters.map { ($0.target, $0.meter) }) { first, _ in first }
    self.clock = clock
    several = meters.count > 1
    scene = Mutex(
      Scene(records: Records(meters.map(\.target), begun: clock()), terminal: terminal))
    Task { await animate() }
    Task { await heedReturns() }
  }

  func tell(_ event: Event, of target: String, at time: Timestamp) {
    scene.withLock { scene in
      scene.records.take(event, of: target, at: time)
      let (lines, ink) = Self.lasting(event)
      if lines.isEmpty || scene.closed { return }
      let colour = scene.terminal.colour
      let name = several ? "\(target)  " : ""
      draw(&scene, below: lines.map { Strip(name + $0, ink).painted(colour) }, at: time)
    }
  }

  func close(_ code: ExitCode, at time: Timestamp) -> [String] {
    scene.withLock { scene in
      scene.closed = true
      scene.terminal.measure()
      let closing = Closing(terminal: scene.terminal, several: several)
      let endings = scene.records.all.map { (record: $0, outcome: $0.ending(code, at: time)) }
      var strips = closing.strips(endings)
      if let sum = scene.records.sum(code, at: time) { strips.append(Strip(sum, .bold)) }
      let text = strips.map { $0.painted(scene.terminal.colour) }
      console.write(scene.canvas.draw([], below: text, on: scene.terminal), to: .error)
    }
    return []
  }

  /// Lines that stay above the table; what the table itself shows is not repeated.
  private static func lasting(_ event: Event) -> ([String], Strip.Ink) {
    switch event {
    case .approval, .unknownStatus: (Wording.lines(event), .yellow)
    case .located, .note: (Wording.lines(event), .plain)
    case .log: (Wording.lines(event), .dim)
    case .run, .stage, .job, .trouble, .learned, .looked, .verdict: ([], .plain)
    }
  }

  private func draw(_ scene: inout Scene, below text: [String] = [], at time: Timestamp) {
    scene.terminal.measure()
    let glances = scene.records.all.map { record in
      meters[record.target].map { Glance(record, $0) } ?? Glance(record)
    }
    let strips = Frame(terminal: scene.terminal, now: time).strips(glances)
    let bytes = scene.canvas.draw(strips, below: text, on: scene.terminal)
    if !bytes.isEmpty { console.write(bytes, to: .error) }
  }

  private func animate() async {
    var open = true
    while open {
      try? await Task.sleep(for: Self.pause)
      open = scene.withLock { scene in
        if !scene.closed, Terminal.isOurs { draw(&scene, at: clock()) }
        return !scene.closed
      }
    }
  }

  /// After a stop and `fg` the shell has written where the table was.
  private func heedReturns() async {
    for await _ in await UnixSignalsSequence(trapping: .sigcont) {
      scene.withLock { $0.canvas.forget() }
    }
  }
}
