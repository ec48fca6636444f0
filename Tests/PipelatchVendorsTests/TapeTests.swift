import Foundation
import PipelatchCore
import PipelatchVendors
import Testing

/// Runs over every tape of every vendor in the list.
struct TapeTests {
  static let now = Timestamp(iso8601: "2026-01-02T03:04:05Z")!

  @Test(arguments: Tape.all)
  func `a tape plays to its end and gives what it promises`(tape: Tape) async throws {
    #expect(tape["source"] != nil, "say on the first line where the answers come from")
    #expect(!tape.expectations.isEmpty, "say what is expected")
    let player = TapePlayer(tape)
    let told = try await Self.play(tape, on: player)
    #expect(player.faults == [])
    for line in tape.expectations {
      #expect(told.contains(line), "expected '\(line)' among \(told)")
    }
  }

  static func play(_ tape: Tape, on transport: any Transport) async throws -> [String] {
    let words = try #require(tape["ask"], "say # ask:").split(separator: " ").map(String.init)
    do {
      let target = try Target(tape["target"] ?? "")
      return try await Ask(words: words, target: target).put(to: try open(tape, on: transport))
    } catch let failure as Failure {
      return ["failure \(failure.kind)", failure.sentence]
    }
  }

  /// The vendor as the tape's head describes it.
  static func open(_ tape: Tape, on transport: any Transport) throws(Failure) -> any Vendor {
    let vendor = try vendor(named: tape.vendor)
    let target = try Target(tape["target"] ?? "")
    var settings: [String: String] = [:]
    for (key, value) in tape.head where key == "setting" {
      let halves = value.split(separator: "=", maxSplits: 1)
      settings[String(halves[0])] = String(halves[1])
    }
    let server: Server
    if let named = tape["server"] {
      server = try Server(named)
    } else if let named = target.server {
      server = named
    } else {
      server = try vendor.server(for: target, settings: settings)
    }
    let site = Site(
      target: target, server: server,
      wallet: Wallet(credential(vendor.credentials(for: server), tape)), settings: settings,
      transport: transport, now: { now }, nonce: { "3156853299f313e23d1673dc12e1703d" })
    return try vendor.init(site)
  }

  private static func credential(_ forms: [CredentialForm], _ tape: Tape) -> Credential {
    let wanted = tape["credential"]
    if wanted == "none" { return .none }
    if wanted == "sts" {
      return .keys(id: "testid", secret: Secret("testsecret"), session: Secret("testtoken"))
    }
    for form in forms {
      switch form {
      case .token(let names):
        if wanted == "keys" { continue }
        let source = wanted.flatMap { names.contains($0) ? $0 : nil } ?? names[0]
        return .token(Secret(tape["token"] ?? "tape-token"), from: source)
      case .keys:
        if wanted != "token" {
          return .keys(id: "testid", secret: Secret("testsecret"), session: nil)
        }
      case .login: return .login(user: "tape-user", password: Secret("tape-password"))
      case .role, .file, .anonymous: continue
      }
    }
    return .none
  }
}

/// One call to a vendor as a tape words it, and its result as lines.
struct Ask {
  let words: [String]
  let target: Target

  func put(to vendor: any Vendor) async throws -> [String] {
    var seen: Set<String> = []
    switch words.first {
    case "look": return lines(try await vendor.look(words.dropFirst().joined(separator: " ")))
    case "find":
      guard let found = try await vendor.find(selector, passedOver: &seen) else {
        return ["nothing"]
      }
      return try await lines(found, vendor)
    case "start":
      let vendor = try #require(vendor as? any Startable)
      let found = try await vendor.start(order)
      return ["started \(found.handle)"]
    case "marked":
      let vendor = try #require(vendor as? any Markable)
      guard let found = try await vendor.find(marked: words[1], passedOver: &seen) else {
        return ["nothing"]
      }
      return ["found \(found.handle)"]
    case "cancel":
      let run = try await vendor.look(words[1])
      try await #require(vendor as? any Cancelable).cancel(run)
      return ["canceled"]
    case "log":
      let run = try await vendor.look(words[1])
      let job = try #require(run.jobs.first { $0.job.id == words[2] }?.job)
      let logged = try #require(vendor as? any Logged)
      return try await logged.log(of: job, in: run, last: Int(words[3])!).map { "line \($0)" }
    case "durations":
      let run = try await vendor.look(words[1])
      let remembered = try #require(vendor as? any Remembered)
      return try await remembered.durations(like: run).map { "duration \($0.inSeconds)" }
    case "advance":
      let run = try await vendor.look(words[1])
      try await #require(vendor as? any Driven).advance(run)
      return ["advanced"]
    case "permission":
      switch try await #require(vendor as? any Permitting).permission() {
      case .allowed(let text): return [text]
      case .denied(let text): return ["denied \(text)"]
      case .untold(let text): return ["untold \(text)"]
      }
    case "change":
      let run = try await vendor.look(words[1])
      try await #require(vendor as? any Announcing).change(of: run)
      return ["changed"]
    default: return ["no such ask: \(words)"]
    }
  }

  var selector: Selector {
    var selector = Selector()
    selector.ref = target.ref
    for word in words.dropFirst() {
      let halves = word.split(separator: "=", maxSplits: 1).map(String.init)
      switch halves[0] {
      case "latest": selector.latest = true
      case "ref": selector.ref = halves[1]
      case "commit": selector.commit = halves[1]
      case "since": selector.since = Timestamp(iso8601: halves[1])
      default: Issue.record("no such selector: \(word)")
      }
    }
    return selector
  }

  var order: Order {
    var order = Order()
    for word in words.dropFirst() {
      let halves = word.split(separator: "=", maxSplits: 1).map(String.init)
      switch halves[0] {
      case "ref": order.ref = halves[1]
      case "commit": order.commit = halves[1]
      case "key": order.key = halves[1]
      default: order.inputs.append(Order.Input(key: halves[0], value: halves[1]))
      }
    }
    return order
  }

  private func lines(_ found: Found, _ vendor: any Vendor) async throws -> [String] {
    ["found \(found.handle)"] + (found.run.map(lines) ?? [])
  }

  private func lines(_ run: Run) -> [String] {
    var lines = ["run \(run.id) \(text(run.state))"]
    if let url = run.url { lines.append("url \(url)") }
    if let attempt = run.attempt { lines.append("attempt \(attempt)") }
    lines += run.refs.map { "ref \($0)" } + run.commits.map { "commit \($0)" }
    for (name, moment) in [
      ("created", run.createdAt), ("started", run.startedAt), ("finished", run.finishedAt),
    ] {
      if let moment { lines.append("\(name) \(moment.milliseconds)") }
    }
    for stage in run.stages {
      lines.append("stage \(stage.name) \(text(stage.state))")
      lines += stage.jobs.map {
        "job \(stage.name)/\($0.name) \(text($0.state))\($0.mayFail ? " (may fail)" : "")"
      }
      lines += stage.jobs.compactMap { job in job.url.map { "job-url \(job.name) \($0)" } }
    }
    lines += run.approvals.map { "approval \($0.stage ?? "-")/\($0.job ?? "-") \($0.message)" }
    return lines + run.notes.map { "note \($0)" }
  }

  private func text(_ state: State) -> String {
    if case .unknown(let word) = state { "unknown(\(word))" } else { state.word }
  }
}
