import FoundationEssentials
public import PipelatchCore

extension CodeArts: Markable {
  public func start(_ order: Order) async throws(Failure) -> Found {
    if order.commit != nil {
      throw Failure(.usage, "CodeArts starts a branch or a tag, not a commit", remedy: "Use --ref")
    }
    var body = WireOrder(description: order.key.map(Self.mark))
    if !order.inputs.isEmpty {
      body.variables = order.inputs.map { WireOrder.Variable(name: $0.key, value: $0.value) }
    }
    if let ref = order.ref { body.sources = try await sources(at: ref) }
    let request = try post("\(root)/run", body)
    let answer = try await connection.send(request, as: WireStarted.self)
    guard let id = answer.run else {
      let reason = answer.error_msg?.value.map { ": \($0.prefix(200))" } ?? ""
      throw Failure(
        .unreadable, "the answer to the trigger has no run id\(reason)", address: request.address)
    }
    return Found(handle: id)
  }

  public func find(
    marked key: String, passedOver: inout Set<String>
  ) async throws(Failure) -> Found? {
    let mark = Self.mark(key)
    // The newest run is told at once, while the list may be minutes behind.
    if let run = try? await detail(nil), run.description?.value == mark {
      return Found(await model(run))
    }
    for item in try await list() where !passedOver.contains(item.pipeline_run_id) {
      let run = try await detail(item.pipeline_run_id)
      if run.description?.value == mark { return Found(await model(run)) }
      passedOver.insert(item.pipeline_run_id)
    }
    return nil
  }

  private static func mark(_ key: String) -> String { "pipelatch:\(key)" }

  /// The pipeline's code sources, each at `ref`.
  private func sources(at ref: String) async throws(Failure) -> [WireOrder.Source] {
    let wire = try await connection.get(root, as: WirePipeline.self)
    let sources = (wire.sources ?? []).filter { $0.type == "code" }.compactMap(\.params)
    if sources.isEmpty {
      throw Failure(.usage, "the pipeline has no code source, so no --ref can be chosen")
    }
    return sources.map { WireOrder.Source(params: WireOrder.Parameters($0, at: ref)) }
  }
}

extension CodeArts: Permitting {
  /// The vendor tells who may run a pipeline only to those who manage its permissions.
  public func permission() async throws(Failure) -> Permission {
    let wire = try await connection.get(root, as: WirePipeline.self)
    if wire.banned?.value == true { return .denied("the pipeline is disabled") }
    return .untold(
      "the pipeline is not disabled; only a trigger would show whether the user may run it")
  }
}

extension CodeArts: Cancelable, Logged, Remembered {
  public func cancel(_ run: Run) async throws(Failure) {
    var path = "\(root(of: run.id))/stop"
    if run.state == .queued,
      let record = try? await queue().first(where: { $0.pipeline_run_id == run.id }),
      let place = record.id
    {
      path = "\(root)/\(run.id.percentEncoded)/cancel-queuing/\(place.text.percentEncoded)"
    }
    let answer = try await connection.send(try post(path, WireOrder()))
    let done = try? JSONDecoder().decode(WireDone.self, from: Data(answer.body))
    if done?.success == false {
      throw Failure(.rejected, "the vendor did not cancel run \(run.id)")
    }
  }

  public func log(of job: Job, in run: Run, last count: Int) async throws(Failure) -> [String] {
    let steps = try await detail(run.id).jobs.first { $0.id?.text == job.id }?.steps ?? []
    let begun = steps.filter { Self.stepWords[$0.status] != .queued }
    let failed = begun.last { Self.stepWords[$0.status] == .failed }
    guard let step = (failed ?? begun.last)?.id?.text else { return [] }
    let path =
      "\(root(of: run.id))/jobs/\(job.id.percentEncoded)/steps/\(step.percentEncoded)/logs"
    var (text, place) = ("", WirePlace())
    for _ in 0..<20 {
      let part = try await connection.send(try post(path, place), as: WireLog.self)
      text += part.log ?? ""
      guard let next = part.next, next != place else { break }
      if !text.hasSuffix("\n") { text += "\n" }
      place = next
    }
    return text.lines(last: count)
  }

  public func durations(like run: Run) async throws(Failure) -> [Duration] {
    try await list(["COMPLETED", "FAILED"]).compactMap { item in
      guard item.pipeline_run_id != run.id, let start = item.start_time?.moment,
        let end = item.end_time?.moment, end > start
      else { return nil }
      return end - start
    }
  }
}
