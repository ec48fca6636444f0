/// The one loop that retries: it finds a run, watches it, and bears what passes.
struct Watch: Sendable {
  enum Phase {
    /// Look for a run already marked with the key, before anything is started.
    case join(Order)
    case start(Order)
    /// The trigger's answer was lost: look for its mark, start nothing.
    case recover(Order, Failure)
    case find(Selector)
    case follow(Found)
  }

  private enum Step {
    case again
    case pause
    case done(Outcome)
  }

  private enum Turn {
    case done(Outcome)
    /// What ends the wait after the rest, where another look makes no sense.
    case rest(Duration, hearing: Bool, last: Outcome?)
  }

  /// How long a trigger's answer is waited for after an interrupt, so that the run can be named, or canceled.
  private static let lastWords = Duration.seconds(1)

  let gate: Gate
  let begun: Duration
  private(set) var triggered = false
  private(set) var joined = false
  private(set) var phase: Phase
  private var schedule: Schedule
  private(set) var run: Run?
  /// The run, where it has changed since it was last told.
  private var news: Run?
  private var passedOver: Set<String> = []
  /// Since when a run may be expected to appear.
  private(set) var awaited: Duration
  private(set) var outage = Outage()
  private var logs = LogTail()
  /// Events worth telling once only.
  private var told: Set<Event> = []
  private var rationed = false
  /// Looks that were answered.
  private var looks = 0

  init(_ gate: Gate) {
    self.gate = gate
    begun = gate.time.elapsed
    awaited = begun
    schedule = gate.schedule
    phase =
      switch gate.purpose {
      case .wait(let selector), .check(let selector):
        selector.run.map { .follow(Found(handle: $0)) } ?? .find(selector)
      case .trigger(let order), .launch(let order):
        order.key == nil ? .start(order) : .join(order)
      }
  }

  /// What the run is asked for with, once there is one.
  var handle: String? {
    if case .follow(let found) = phase { return found.handle }
    return nil
  }

  mutating func untilDone() async -> Outcome {
    while true {
      guard await gate.meter.enter() else { return interrupted }
      let next: Turn
      (self, next) = await apart()
      gate.meter.exit()
      switch next {
      case .done(let outcome): return outcome
      case .rest(let pause, let hearing, let last):
        guard await rest(pause, hearing: hearing) else { return interrupted }
        if let last { return last }
      }
    }
  }

  /// A turn in a task of its own, which gives all its memory back before the rest: of many gates nearly all rest.
  private func apart() async -> (Watch, Turn) {
    @Sendable func turned() async -> (Watch, Turn) {
      var next = self
      let turn = await next.turn()
      return (next, turn)
    }
    async let turn = turned()
    return await turn
  }

  /// Looks until there is a pause to make, or an end.
  private mutating func turn() async -> Turn {
    while true {
      if Task.isCancelled { return .done(interrupted) }
      let step = await step()
      // Also where the run has just succeeded: whoever interrupts does not want what comes next to start.
      if Task.isCancelled { return .done(interrupted) }
      let pause: Duration
      var (floor, hearing, trouble) = (Duration.zero, false, Failure?.none)
      switch step {
      case .failure(let failure):
        if let outcome = bear(failure) { return .done(outcome) }
        floor = failure.retryAfter ?? .zero
        pause = pauseInTrouble(floor)
        if failure.passes { trouble = failure }
      case .success(.done(let outcome)): return .done(outcome)
      case .success(.again): continue
      case .success(.pause):
        pause = nextPause()
        hearing = true
      }
      let (end, outcome) = nearestEnd()
      let left = end - gate.time.elapsed
      if let trouble {
        let retry = floor > left ? pause : max(.zero, min(pause, left))
        gate.tell(.trouble(Trouble(trouble, retryIn: retry)))
      }
      if left <= .zero { return .done(outcome) }
      gate.tell(.looked(news, next: min(pause, left)))
      news = nil
      // The vendor asked for patience beyond the end: a look before that would be rude, one after it too late.
      return .rest(min(pause, left), hearing: hearing, last: floor > left ? outcome : nil)
    }
  }

  private mutating func step() async -> Result<Step, Failure> {
    do throws(Failure) {
      let step = try await advance()
      outage = Outage()
      return .success(step)
    } catch {
      return .failure(error)
    }
  }

  private mutating func advance() async throws(Failure) -> Step {
    switch phase {
    case .join(let order):
      guard let found = try await marked(order) else {
        phase = .start(order)
        return .again
      }
      joined = true
      return try await follow(found)
    case .start(let order): return try await start(order)
    case .recover(let order, _):
      guard let found = try await marked(order) else { return .pause }
      triggered = true
      return try await follow(found)
    case .find(let selector):
      guard let found = try await gate.pipeline.find(selector, passedOver: &passedOver) else {
        if case .check = gate.purpose { return .done(neverAppeared) }
        return .pause
      }
      return try await follow(found)
    case .follow(let found): return try await seen(gate.pipeline.look(found.handle))
    }
  }

  private mutating func marked(_ order: Order) async throws(Failure) -> Found? {
    guard let key = order.key, let pipeline = gate.pipeline as? any Markable else {
      throw Failure(.usage, "--key needs a vendor whose runs can carry a mark")
    }
    return try await pipeline.find(marked: key, passedOver: &passedOver)
  }

  private mutating func follow(_ found: Found) async throws(Failure) -> Step {
    phase = .follow(found)
    awaited = gate.time.elapsed
    if let run = found.run { return try await seen(run) }
    if case .launch = gate.purpose, found.identified {
      return launched(Run(id: found.handle, state: .queued))
    }
    return .again
  }

  /// Sends the trigger once. Whatever happens to it after it may have arrived, this phase is left for good.
  private mutating func start(_ order: Order) async throws(Failure) -> Step {
    guard let pipeline = gate.pipeline as? any Startable else {
      throw Failure(.usage, "this vendor cannot start runs")
    }
    // A run that nobody would wait for is not started.
    if gate.time.elapsed - begun >= gate.terms.timeout { return .done(outOfTime) }
    let changes = gate.meter.requests.changes
    // A task of its own: an interrupted trigger would leave a run that nobody knows of.
    let trigger = Task { () async -> Result<Found, Failure> in
      do throws(Failure) {
        return .success(try await pipeline.start(order))
      } catch {
        return .failure(error)
      }
    }
    let time = gate.time
    let answer = await withTaskCancellationHandler {
      await trigger.value
    } onCancel: {
      Task {
        try? await time.sleep(for: Self.lastWords)
        trigger.cancel()
      }
    }
    switch answer {
    case .success(let found) where found.canBeAsked:
      triggered = true
      return try await follow(found)
    case .success:
      let nothing = Failure(.unreadable, "the answer to the trigger is no run id")
      return try lost(nothing, order, sent: true)
    case .failure(let failure):
      return try lost(failure, order, sent: gate.meter.requests.changes != changes)
    }
  }

  /// What follows from a trigger that failed; `sent` says whether anything that changes the vendor's state may have arrived.
  private mutating func lost(
    _ failure: Failure, _ order: Order, sent: Bool
  ) throws(Failure) -> Step {
    // What certainly never arrived can be sent again: it is still the first time.
    if !failure.mayHaveArrived, !sent { throw failure }
    if failure.mayHaveArrived {
      switch failure.kind {
      case .unreachable, .unreadable, .uncertain: break
      case .fault: if !sent { return .done(Outcome(failure)) }
      // A plain no, in the answer to the trigger itself: nothing was started.
      case .throttled, .refused, .missing, .rejected, .usage, .notConfigured:
        return .done(Outcome(failure))
      }
    }
    phase = .recover(order, failure)
    awaited = gate.time.elapsed
    return order.key == nil ? .done(Outcome(failure.ofLostTrigger)) : .again
  }

  private mutating func launched(_ now: Run) -> Step {
    run = now
    gate.tell(.located(now, triggered: triggered, joined: joined))
    return .done(Outcome(reason: .notEnded, exitCode: .succeeded, message: nil, run: now))
  }

  private mutating func seen(_ now: Run) async throws(Failure) -> Step {
    let before = run
    if let before, before.id != now.id, before.handle != now.handle {
      throw Failure(.unreadable, "asked for run \(before.id), answered run \(now.id)")
    }
    if now.state == .succeeded, now.jobs.isEmpty {
      // All of nothing is no success: the vendor may not have written its jobs down yet.
      throw Failure(.unreadable, "run \(now.id) is called a success and shows no job")
    }
    run = now
    phase = .follow(Found(now))
    let judge = Judge(purpose: gate.purpose, terms: gate.terms)
    if before == nil || triggered || joined, let outcome = judge.mismatch(now) {
      return .done(outcome)
    }
    if before == nil {
      if case .launch = gate.purpose { return launched(now) }
      gate.tell(.located(now, triggered: triggered, joined: joined))
      schedule.restart()
    }
    if now != before {
      news = now
      for event in Progress.events(from: before, to: now) { tellOnce(event) }
      await logs.tell(failedIn: now, to: gate)
    }
    if let outcome = judge.outcome(of: now) { return .done(outcome) }
    if triggered, let pipeline = gate.pipeline as? any Driven { try await pipeline.advance(now) }
    if before == nil { await learn(from: now) }
    return .pause
  }

  /// A word that comes and goes is told at its first coming.
  private mutating func tellOnce(_ event: Event) {
    switch event {
    case .unknownStatus, .note: if told.insert(event).inserted { gate.tell(event) }
    default: gate.tell(event)
    }
  }

  private mutating func learn(from now: Run) async {
    guard gate.terms.learn, schedule.fixed == nil,
      let pipeline = gate.pipeline as? any Remembered,
      let durations = await gate.past.durations(like: now, at: pipeline, named: gate.name)
    else { return }
    schedule.learn(durations)
    gate.tell(.learned(durations))
  }

  /// Nil where the loop goes on.
  private mutating func bear(_ failure: Failure) -> Outcome? {
    outage.add(failure, at: gate.time.elapsed)
    if case .check = gate.purpose { return Outcome(failure, run: run) }
    let outcome = uncertainty ?? Outcome(failure, run: run)
    if failure.kind == .missing {
      // What was just started may take a while to be known everywhere.
      let fresh = run == nil && (triggered || joined)
      return fresh || outage.misses < 2 ? nil : outcome
    }
    return failure.passes ? nil : outcome
  }

  /// Full jitter, apart from the schedule, which a failure neither resets nor stretches; never before `floor`.
  private func pauseInTrouble(_ floor: Duration) -> Duration {
    // Gates that were told the same moment do not all come back at it.
    let spread = min(5, 0.25 * floor.inSeconds)
    let asked = floor + .seconds(gate.dice.between(0, spread))
    if let fixed = schedule.fixed { return max(fixed, asked) }
    let grown = Double(1 << min(outage.count, 10))
    let most = min(grown, schedule.cap.inSeconds)
    return max(.seconds(gate.dice.between(0, most)), schedule.floor, asked)
  }

  /// Requests that one look costs; an unchanged answer is free where there is a budget.
  private var cost: Double {
    let requests = gate.meter.requests
    return Double(requests.total - requests.notModified) / Double(max(1, looks))
  }

  private mutating func nextPause() -> Duration {
    looks += 1
    let now = gate.time.now + (gate.meter.skew ?? .zero)
    let budget = gate.meter.budget
    let share = budget?.share(at: now, gates: gate.meter.gates, cost: cost)
    let pause = schedule.next(age: age, dice: gate.dice, share: share)
    if schedule.stretched, !rationed, let budget { gate.tell(.note(budget.sentence(at: now))) }
    rationed = schedule.stretched
    return pause
  }

  /// The run's age by the vendor's clock, or the wait's own where the vendor gives no times.
  private var age: Duration {
    guard let begin = run?.startedAt ?? run?.createdAt else { return gate.time.elapsed - awaited }
    return max(.zero, gate.time.now + (gate.meter.skew ?? .zero) - begin)
  }

  /// False when the wait was interrupted.
  private func rest(_ pause: Duration, hearing: Bool) async -> Bool {
    let rest = Rest(time: gate.time, pause: pause, least: min(schedule.floor, .seconds(1)))
    guard hearing, let run, let pipeline = gate.pipeline as? any Announcing else {
      return await rest.take()
    }
    return await rest.take(hearing: pipeline, of: run)
  }
}
