import PipelatchCore

/// A vendor that plays a script; what it can do is what it conforms to.
protocol Scripted: Pipeline {
  var script: Script { get }
  init(script: Script)
}

extension Scripted {
  func find(_ selector: Selector, passedOver: inout Set<String>) async throws(Failure) -> Found? {
    try await script.answer(.find(selector), \.find)
  }

  func look(_ handle: String) async throws(Failure) -> Run {
    try await script.answer(.look(handle), \.look)
  }

  func start(_ order: Order) async throws(Failure) -> Found {
    try await script.answer(.start(order), \.start)
  }

  func find(marked key: String, passedOver: inout Set<String>) async throws(Failure) -> Found? {
    try await script.answer(.marked(key), \.marked)
  }

  func cancel(_ run: Run) async throws(Failure) {
    _ = try await script.answer(.cancel(run.id), \.cancel)
  }

  func log(of job: Job, in run: Run, last count: Int) async throws(Failure) -> [String] {
    try await script.answer(.log(job.id), \.log)
  }

  func durations(like run: Run) async throws(Failure) -> [Duration] {
    try await script.answer(.durations, \.durations)
  }

  func advance(_ run: Run) async throws(Failure) {
    _ = try await script.answer(.advance(run.id), \.advance)
  }

  func change(of run: Run) async throws(Failure) {
    _ = try await script.answer(.change, \.change)
  }
}

/// Can be found and looked at, and nothing else.
struct Plain: Scripted { let script: Script }

/// Can do what most vendors can.
struct Rich: Scripted, Markable, Cancelable, Logged, Remembered { let script: Script }

/// Stands still unless it is driven.
struct Still: Scripted, Driven, Cancelable { let script: Script }

/// Tells of changes by itself.
struct Talker: Scripted, Announcing { let script: Script }
