import PipelatchCore
import Testing

/// `--key`: one key, one run.
struct KeyTests {
  private func lines(_ change: (inout Script.Lines) -> Void) -> Script.Lines {
    var lines = Script.Lines()
    lines.look = .always(.run(.succeeded))
    lines.start = [.good(Found(handle: "7"))]
    change(&lines)
    return lines
  }

  @Test func `a run that bears the key is joined, not started again`() async {
    let lines = lines {
      $0.marked = [.good(Found(.seven(.running)))]; $0.durations = [.good([])]
    }
    let play = await play(.trigger(.keyed), lines)
    #expect(play.code == .succeeded)
    #expect(play.starts == 0)
    #expect(play.events.first == .located(.seven(.running), triggered: false, joined: true))
  }

  @Test func `without such a run one is started`() async {
    let play = await play(.trigger(.keyed), lines { $0.marked = [.good(nil)] })
    #expect(play.code == .succeeded)
    #expect(play.starts == 1)
    #expect(play.events.first == .located(.seven(.succeeded), triggered: true, joined: false))
  }

  @Test(arguments: [State.failed, .canceled, .succeeded, .skipped])
  func `a joined run that has ended gives its verdict`(state: State) async {
    let play = await play(.trigger(.keyed), lines { $0.marked = [.good(Found(.seven(state)))] }) {
      $0.logLines = 0
    }
    #expect(play.outcome.verdict == state.verdict)
    #expect(play.starts == 0)
  }

  @Test func `launch joins too`() async {
    let play = await play(
      .launch(.keyed), lines { $0.marked = [.good(Found(.seven(.succeeded)))] })
    #expect(play.code == .succeeded)
    #expect(play.outcome.run?.id == "7")
    #expect(play.starts == 0)
  }

  @Test(arguments: [Failure.down, .busy, .garbled, .never])
  func `nothing is started before it is known that nothing bears the key`(
    failure: Failure
  ) async {
    let failing = await play(.trigger(.keyed), lines { $0.marked = .always(.bad(failure)) })
    #expect(failing.starts == 0)
    #expect(failing.code == failure.exitCode)
    let passing = await play(
      .trigger(.keyed), lines { $0.marked = [.bad(failure), .bad(failure), .good(nil)] })
    #expect(passing.starts == 1)
    #expect(passing.code == .succeeded)
  }

  @Test(arguments: [Failure.refused, Failure(.rejected, "no")])
  func `a search that is refused ends before anything is started`(failure: Failure) async {
    let play = await play(.trigger(.keyed), lines { $0.marked = .always(.bad(failure)) })
    #expect(play.starts == 0)
    #expect(play.code == failure.exitCode)
  }

  @Test func `a search that outlasts the timeout starts nothing`() async {
    let play = await play(
      .trigger(.keyed), lines { $0.marked = [.good(nil, takes: .seconds(61))] }
    ) { $0.timeout = .seconds(60) }
    #expect(play.starts == 0)
    #expect(play.code == .outOfTime)
  }

  static let lost: [Failure] = [.down, .garbled, Failure(.uncertain, "the vendor cannot say")]

  @Test(arguments: lost)
  func `a lost trigger is found again by its mark`(failure: Failure) async {
    let lines = lines {
      $0.start = [.bad(failure)]
      $0.marked = [.good(nil), .good(nil), .bad(.down), .good(nil), .good(Found(handle: "7"))]
    }
    let play = await play(.trigger(.keyed), lines)
    #expect(play.code == .succeeded)
    #expect(play.starts == 1)
    #expect(play.events.contains(.located(.seven(.succeeded), triggered: true, joined: false)))
  }

  @Test(arguments: lost)
  func `a lost trigger whose mark never shows is uncertain`(failure: Failure) async {
    let play = await play(
      .trigger(.keyed),
      lines {
        $0.start = [.bad(failure)]; $0.marked = .always(.good(nil))
      })
    #expect(play.code == .uncertainTrigger)
    #expect(play.outcome.reason == .uncertainTrigger)
    #expect(play.starts == 1)
    #expect(play.outcome.waited == .seconds(120))
  }

  @Test(arguments: [
    Failure.down, .busy, .garbled, .refused, .missing, Failure(.rejected, "no"), .never,
  ])
  func `whatever ends the search for a lost run, it stays uncertain`(failure: Failure) async {
    let lines = lines {
      $0.start = [.bad(.down)]
      $0.marked = Answers([.good(nil)]).then(always: .bad(failure))
    }
    let play = await play(.trigger(.keyed), lines)
    #expect(play.code == .uncertainTrigger)
    #expect(play.starts == 1)
    let short = await shortOfTime(lines)
    #expect(short.code == .uncertainTrigger)
    #expect(short.starts == 1)
  }

  private func shortOfTime(_ lines: Script.Lines) async -> Play {
    await play(.trigger(.keyed), lines) { $0.timeout = .seconds(5) }
  }

  @Test func `a trigger with a key that certainly never arrived is sent again`() async {
    let lines = lines {
      $0.marked = [.good(nil)]
      $0.start = [.bad(.never), .good(Found(handle: "7"))]
    }
    let play = await play(.trigger(.keyed), lines)
    #expect(play.code == .succeeded)
    #expect(play.starts == 2)
  }

  @Test func `a throttled trigger with a key is 69 and not repeated`() async {
    let play = await play(
      .trigger(.keyed),
      lines {
        $0.marked = [.good(nil)]; $0.start = [.bad(.busy)]
      })
    #expect(play.code == .unreachable)
    #expect(play.starts == 1)
  }
}
