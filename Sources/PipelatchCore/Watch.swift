/// The one loop that retries: it finds a run, watches it, and bears what passes.
struct Watch {
  private enum Phase {
    /// Look for a run already marked with the key, before anything is started.
    case join(Order)
    case start(Order)
    /// The trigger's answer was lost: look for its mark, start nothing.
    case recover(Order, Failure)
    case find(Selector)
    case follow(String)
  }

  private enum Step {
    case again
    case pause
    case done(Outcome)
  }

  let gate: Gate
  let begun: Duration
  private(set) var triggered = false
  private var joined = false
  private var phase: Phase
  private var schedule: Schedule
  private var run: Run?
  private var passedOver: Set<String> = []
  private var lastGood: Duration
  private var trouble: Failure?
  private var troubles = 0
  private var missed = 0
  private var logs: LogTail

  init(_ gate: Gate) {
    self.gate = gate
    begun = gate.time.elapsed
    lastGood = begun
    schedule = gate.schedule
    logs = LogTail(gate)
    phase =
      switch gate.purpose {
      case .wait(let selector), .check(let selector): Self.phase(for: selector)
      case .trigger(let order), .launch(let order):
        order.key == nil ? .start(order) : .join(order)
      }
  }

  private static func phase(for selector: Selector) -> Phase {
    if let run = selector.run { .follow(run) } else { .find(selector) }
  }

  mutating func untilDone() async -> Outcome {
    while true {
      if Task.isCancelled { return interrupted }
      var floor = Duration.zero
      var pause: Duration
      switch await step() {
      case .failure(let failure):
        if Task.isCancelled { return interrupted }
        if let outcome = bear(failure) { return outcome }
        floor = failure.retryAfter ?? .zero
        pause = max(troublePause(), floor)
        if failure.passes { gate.tell(.trouble(Trouble(failure, retryIn: pause))) }
      case .success(.done(let outcome)): return outcome
      case .success(.again): continue
      case .success(.pause):
        pause = schedule.next(age: age, dice: gate.dice)
      }
      let (end, outcome) = nearestEnd()
      let left = end - gate.time.elapsed
      if left <= .zero { return outcome }
      gate.tell(.looked(run, next: min(pause, left)))
      guard await rest(min(pause, left)) else { return interrupted }
      // The vendor asked for patience beyond the end: a look before that would be rude, one after it too late.
      if floor > left { return outcome }
    }
  }

  private mutating func step() async -> Result<Step, Failure> {
    do throws(Failure) {
      let step = try await advance()
      lastGood = gate.time.elapsed
      trouble = nil
      troubles = 0
      missed = 0
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
    case .follow(let handle): return try await seen(gate.pipeline.look(handle))
    }
  }

  private mutating func marked(_ order: Order) async throws(Failure) -> Found? {
    guard let key = order.key, let pipeline = gate.pipeline as? any Markable else {
      throw Failure(.usage, "--key needs a vendor whose runs can carry a mark")
    }
    return try await pipeline.find(marked: key, passedOver: &passedOver)
  }

  private mutating func follow(_ found: Found) async throws(Failure) -> Step {
    phase = .follow(found.handle)
    if let run = found.run { return try await seen(run) }
    if case .launch = gate.purpose, found.identified {
      return launched(Run(id: found.handle, state: .queued))
    }
    return .again
  }

  /// Sends the trigger once. Whatever happens to it, this phase is left for good.
  private mutating func start(_ order: Order) async throws(Failure) -> Step {
    guard let pipeline = gate.pipeline as? any Startable else {
      throw Failure(.usage, "this vendor cannot start runs")
    }
    do {
      let found = try await pipeline.start(order)
      triggered = true
      return try await follow(found)
    } catch {
      // What certainly never arrived can be sent again: it is still the first time.
      if triggered || (error.passes && !error.mayHaveArrived) { throw error }
      guard error.passes, error.kind != .throttled else {
        return .done(Outcome(error))
      }
      if order.key != nil {
        phase = .recover(order, error)
        return .again
      }
      return .done(Outcome(Self.uncertain(error)))
    }
  }

  private static func uncertain(_ failure: Failure) -> Failure {
    Failure(
      .uncertain,
      "the trigger was sent once and its answer was lost, so a run may or may not have started: "
        + failure.what,
      remedy: "Look at the pipeline's runs before you trigger again; with --key TEXT it is safe",
      address: failure.address)
  }

  private func launched(_ run: Run) -> Step {
    gate.tell(.located(run, triggered: triggered, joined: joined))
    return .done(Outcome(reason: .notEnded, exitCode: .succeeded, message: nil, run: run))
  }

  private mutating func seen(_ now: Run) async throws(Failure) -> Step {
    if run == nil, let outcome = mismatch(now) { return .done(outcome) }
    let before = run
    run = now
    phase = .follow(now.handle)
    if before == nil {
      if case .launch = gate.purpose { return launched(now) }
      gate.tell(.located(now, triggered: triggered, joined: joined))
    }
    for event in Progress.events(from: before, to: now) { gate.tell(event) }
    await logs.tell(failedIn: now)
    if let outcome = judge(now) { return .done(outcome) }
    if triggered, let pipeline = gate.pipeline as? any Driven { try await pipeline.advance(now) }
    if before == nil, gate.terms.learn, let pipeline = gate.pipeline as? any Remembered,
      let durations = try? await pipeline.durations(like: now)
    {
      schedule.learn(durations)
      gate.tell(.learned(durations))
    }
    return .pause
  }

  /// The end of the wait where the run is not the one asked for.
  private func mismatch(_ now: Run) -> Outcome? {
    let message: String
    switch gate.purpose {
    case .wait(let selector), .check(let selector):
      var wanted = selector
      wanted.run = nil
      if wanted.admits(now) { return nil }
      message = "Run \(now.id) is not of the ref, commit or time asked for."
    case .trigger(let order), .launch(let order):
      guard let ref = order.ref, !now.refs.isEmpty,
        !now.refs.contains(where: { Selector.names($0, ref) })
      else { return nil }
      message =
        "Run \(now.id) was started but builds \(now.refs.joined(separator: ", ")), not \(ref); "
        + "it goes on unless you stop it."
    }
    return Outcome(reason: .notFound, exitCode: .notFound, message: message, run: now)
  }

  private func judge(_ now: Run) -> Outcome? {
    if let verdict = now.state.verdict {
      return Outcome(verdict: verdict, accepting: gate.terms.accepted, run: now)
    }
    if gate.terms.failFast, let job = now.jobs.first(where: { $0.job.failed })?.job {
      var outcome = Outcome(verdict: .failed, accepting: [], run: now)
      outcome.message = "Job \(job.name) failed; the run goes on (--fail-fast)."
      return outcome
    }
    let person = now.state == .waiting || !now.approvals.isEmpty
    if case .check = gate.purpose {
      return person ? waits(now) : notEnded(now)
    }
    return person && gate.terms.stopAtApproval ? waits(now) : nil
  }

  private func waits(_ now: Run) -> Outcome {
    Outcome(
      reason: .approval, exitCode: .approval,
      message: now.approvals.first?.message ?? "The run waits for a person.", run: now)
  }

  private func notEnded(_ now: Run) -> Outcome {
    Outcome(
      reason: .notEnded, exitCode: .notEnded, message: "The run has not ended yet.", run: now)
  }

  /// Nil where the loop goes on.
  private mutating func bear(_ failure: Failure) -> Outcome? {
    trouble = failure.passes ? failure : nil
    troubles += 1
    if case .check = gate.purpose { return Outcome(failure, run: run) }
    guard failure.kind == .missing else {
      return failure.passes ? nil : Outcome(failure, run: run)
    }
    lastGood = gate.time.elapsed
    missed += 1
    let fresh = run == nil && (triggered || joined)
    return fresh || missed < 2 ? nil : Outcome(failure, run: run)
  }

  /// Full jitter, apart from the schedule, which a failure neither resets nor stretches.
  private func troublePause() -> Duration {
    if let fixed = schedule.fixed { return fixed }
    let grown = Double(1 << min(troubles, 10))
    let most = min(grown, schedule.cap.inSeconds)
    return max(.seconds(gate.dice.between(0, most)), schedule.floor)
  }

  /// The first moment that ends the wait, and what it ends with.
  private func nearestEnd() -> (Duration, Outcome) {
    var end = begun + gate.terms.timeout
    var outcome = outOfTime
    if let trouble {
      let patience = lastGood + gate.terms.tolerate
      if patience < end { (end, outcome) = (patience, Outcome(trouble, run: run)) }
    } else if run == nil {
      let appear = begun + gate.terms.appear
      if appear < end { (end, outcome) = (appear, neverAppeared) }
    }
    return (end, outcome)
  }

  private var outOfTime: Outcome {
    var message = "--timeout passed and the run had not ended."
    if let trouble { message += " The last answer: \(trouble.sentence)" }
    return Outcome(reason: .outOfTime, exitCode: .outOfTime, message: message, run: run)
  }

  private var neverAppeared: Outcome {
    if case .recover(_, let failure) = phase { return Outcome(Self.uncertain(failure)) }
    return Outcome(
      reason: .notFound, exitCode: .notFound, message: "No such run appeared in time.")
  }

  private var interrupted: Outcome {
    Outcome(
      reason: .interrupted, exitCode: gate.interruption(),
      message: run.map { "Interrupted; run \($0.id) goes on." } ?? "Interrupted.", run: run)
  }

  /// The run's age by the vendor's clock, or the wait's own where the vendor gives no times.
  private var age: Duration {
    guard let created = run?.createdAt ?? run?.startedAt else { return gate.time.elapsed - begun }
    return max(.zero, gate.time.now + (gate.meter.skew ?? .zero) - created)
  }

  /// False when the wait was interrupted.
  private func rest(_ pause: Duration) async -> Bool {
    guard let run, let pipeline = gate.pipeline as? any Announcing else {
      return (try? await gate.time.sleep(for: pause)) != nil
    }
    return await withTaskGroup(of: Bool?.self) { group in
      group.addTask { (try? await gate.time.sleep(for: pause)) != nil }
      group.addTask { (try? await pipeline.change(of: run)) == nil ? nil : true }
      var awake: Bool?
      while awake == nil, let result = await group.next() { awake = result }
      group.cancelAll()
      return (awake ?? true) && !Task.isCancelled
    }
  }
}

extension Job {
  /// Whether it failed in a way that the run's verdict depends on.
  var failed: Bool { (state == .failed || state == .timedOut) && !mayFail }
}
