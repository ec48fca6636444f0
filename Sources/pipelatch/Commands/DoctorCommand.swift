import ArgumentParser
import PipelatchCore
import PipelatchVendors

/// `pipelatch doctor`: what would go wrong, before anybody waits.
struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Say whether the server answers, the credentials are good, the pipeline exists and a "
      + "trigger would be allowed.")

  @Argument(help: ArgumentHelp("VENDOR:PATH or a web address.", valueName: "target"))
  var target: String

  @OptionGroup(title: "Connection") var connection: ConnectionOptions

  func run() async throws {
    let session = Session(connection, try OutputOptions.parse([]))
    let network = session.network(timeout: nil)
    try await Targets.closing(network) { () throws(Failure) in
      let place = try await session.place(try Target(target), on: network)
      let findings = await Examination(place: place, clock: session.clock).findings()
      let wash = Wash { place.wallet.secrets }
      for finding in findings { session.console.line(wash(finding.line), to: .output) }
      return session.console.outputBroke ? .fault : findings.compactMap(\.code).first ?? .succeeded
    }
  }
}

/// One line of what `doctor` found.
struct Finding: Sendable {
  enum Mark: String, Sendable { case good = "ok", bad = "bad", open = "?" }

  var mark: Mark
  var subject: String
  var text: String
  /// What the program exits with for it; nil where nothing is wrong.
  var code: PipelatchCore.ExitCode?

  var line: String { "\(mark.rawValue.filled(4)) \(subject.filled(12)) \(text)" }

  static func good(_ subject: String, _ text: String) -> Finding {
    Finding(mark: .good, subject: subject, text: text)
  }

  static func open(_ subject: String, _ text: String) -> Finding {
    Finding(mark: .open, subject: subject, text: text)
  }

  static func bad(_ subject: String, _ failure: Failure) -> Finding {
    Finding(mark: .bad, subject: subject, text: failure.sentence, code: failure.exitCode)
  }
}

/// Asks for the newest run, which shows the server, the credentials and the pipeline at once, then for the permission.
struct Examination: Sendable {
  var place: Session.Place
  var clock: SystemClock

  func findings() async -> [Finding] {
    var findings: [Finding] = []
    let begun = clock.elapsed
    let result = await newest()
    let took = clock.elapsed - begun
    let server = place.vendor.connection.server.text
    if case .failure(let failure) = result, failure.status == nil, failure.kind == .unreachable {
      return [.bad("server", failure)]
    }
    findings.append(.good("server", "\(server) answers in \(took.words)"))
    findings.append(skew)
    switch result {
    case .failure(let failure) where failure.kind == .refused:
      return findings + [.bad("credentials", failure)]
    case .failure(let failure) where failure.kind == .missing:
      return findings + [.good("credentials", "accepted"), .bad("pipeline", failure)]
    case .failure(let failure):
      return findings + [.bad("pipeline", failure)]
    case .success(let found):
      findings.append(.good("credentials", "accepted"))
      let run = found.map { "its newest run is \($0.run?.id ?? $0.handle)" } ?? "it has not run yet"
      findings.append(.good("pipeline", "\(place.target.text) exists; \(run)"))
    }
    return findings + [await permission()] + budget
  }

  private func newest() async -> Result<Found?, Failure> {
    var selector = Selector()
    selector.latest = true
    var passedOver: Set<String> = []
    do throws(Failure) {
      return .success(try await place.vendor.find(selector, passedOver: &passedOver))
    } catch {
      return .failure(error)
    }
  }

  /// Signatures carry the time, and vendors refuse one that is minutes off.
  private var skew: Finding {
    guard let skew = place.vendor.connection.skew else {
      return .open("clock", "the server does not tell its time")
    }
    let gap = skew < .zero ? .zero - skew : skew
    guard gap > .seconds(60) else { return .good("clock", "agrees with the server's") }
    let failure = Failure(
      .notConfigured, "this machine's clock is \(gap.words) off the server's",
      remedy: "Set it; vendors refuse signatures that are minutes old")
    return .bad("clock", failure)
  }

  private func permission() async -> Finding {
    guard place.vendor is any Startable else {
      return .open("trigger", "\(place.card.name) cannot start runs; wait and check work")
    }
    guard let vendor = place.vendor as? any Permitting else {
      return .open("trigger", "only a trigger would show whether it is allowed")
    }
    do throws(Failure) {
      switch try await vendor.permission() {
      case .allowed(let text): return .good("trigger", text)
      case .untold(let text): return .open("trigger", text)
      case .denied(let text): return .bad("trigger", Failure(.refused, text))
      }
    } catch {
      return .bad("trigger", error)
    }
  }

  private var budget: [Finding] {
    guard let budget = place.vendor.connection.budget else { return [] }
    let limit = budget.limit.map { " of \($0)" } ?? ""
    return [.good("budget", "\(budget.remaining)\(limit) requests are left")]
  }
}
