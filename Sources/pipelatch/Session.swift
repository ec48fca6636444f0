import FoundationEssentials
import PipelatchCore
import PipelatchVendors

/// Everything a command that asks a vendor needs, put together from options and the world.
struct Session: Sendable {
  var connection: ConnectionOptions
  var output: OutputOptions
  var environment = Environment.process
  let clock = SystemClock()
  let console = Console()
  let interruption = Interruption()

  init(_ connection: ConnectionOptions, _ output: OutputOptions) {
    self.connection = connection
    self.output = output
  }

  /// A target with its vendor made and its credentials found; nothing has been asked yet.
  struct Place: Sendable {
    var target: Target
    var vendor: any Vendor
    var card: VendorCard
    var secrets: [Secret]
  }

  /// What one target of a command wants.
  struct Wish: Sendable {
    var place: Place
    var purpose: Gate.Purpose
  }

  func network(timeout: Duration?) -> Network {
    let settings = NetworkSettings(
      authorityFile: connection.caFile, environment: environment.variables)
    let clock = clock
    return Network(settings) { timeout.map { $0 - clock.elapsed } }
  }

  /// Throws `.usage` for a target or a server that cannot be, `.notConfigured` where a credential is missing.
  func place(_ target: Target, on network: any Transport) async throws(Failure) -> Place {
    let type = try vendor(named: target.vendor)
    var settings: [String: String] = [:]
    for setting in type.card.settings { settings[setting.name] = environment[setting.name] }
    let server = try connection.server(of: target, for: type, settings: settings)
    let keyring = Keyring(
      environment: environment, tokenFile: connection.tokenFile,
      tokenCommand: connection.tokenCommand, transport: network,
      now: { [clock] in clock.now })
    let wallet = try await keyring.wallet(for: type, at: server)
    let clock = clock
    let site = Site(
      target: target, server: server, wallet: wallet, settings: settings, transport: network,
      now: { clock.now }, nonce: { UUID().uuidString.filter { $0 != "-" }.lowercased() })
    return Place(
      target: target, vendor: try type.init(site), card: type.card,
      secrets: wallet.credential.secrets)
  }

  /// Runs the wishes to their ends and returns what the program exits with.
  func run(
    _ wishes: [Wish], wait: WaitOptions, terms: Gate.Terms
  ) async -> PipelatchCore.ExitCode {
    let wash = Wash(secrets: wishes.flatMap(\.place.secrets))
    let reports = reports(several: wishes.count > 1)
    let (clock, interruption) = (clock, interruption)
    let gates = wishes.map { wish in
      let target = wash(wish.place.target.text)
      let gate = Gate(
        pipeline: wish.place.vendor, purpose: wish.purpose, terms: terms,
        schedule: wait.schedule(wish.place.card.pace), time: clock, dice: .system,
        meter: wish.place.vendor.connection, interruption: { interruption.code }
      ) { event in
        let clean = wash(event)
        let now = clock.now
        for report in reports { report.tell(clean, of: target, at: now) }
      }
      return (target: target, gate: gate)
    }
    let latch = Latch(gates: gates, any: wait.any)
    let outcomes = await interruption.watch { await latch.run() }
    let code = latch.code(of: outcomes)
    if output.output != .json, code == .succeeded {
      for (wish, outcome) in zip(wishes, outcomes) where wish.purpose.launches {
        console.line(wash(outcome.run?.id ?? ""), to: .output)
      }
    }
    if code == .succeeded, console.outputBroke {
      console.line("pipelatch: standard output was closed before the verdict was told", to: .error)
      return .fault
    }
    return code
  }

  private func reports(several: Bool) -> [any Report] {
    switch output.output {
    case .json: [JSONReport(console: console)]
    case .quiet: [QuietReport(console: console)]
    case .auto, .live, .plain:
      [PlainReport(console, several: several, begun: clock.now)]
    }
  }
}

extension Gate.Purpose {
  /// Whether the gate ends once the run has started.
  var launches: Bool { if case .launch = self { true } else { false } }
}
