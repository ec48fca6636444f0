import FoundationEssentials
import PipelatchCore
import PipelatchVendors

/// Everything a command that asks a vendor needs, put together from options and the world.
struct Session: Sendable {
  var connection: ConnectionOptions
  var output: OutputOptions
  var environment = Environment.process
  let loop = Loop.shared
  let clock = SystemClock(loop: .shared)
  let console = Console()
  let interruption = Interruption()
  let commons = Commons()
  let wallets = Wallets()

  init(_ connection: ConnectionOptions, _ output: OutputOptions) {
    self.connection = connection
    self.output = output
  }

  /// A target with its vendor made and its credentials found; nothing has been asked yet.
  struct Place: Sendable {
    var target: Target
    var vendor: any Vendor
    var card: VendorCard
    var wallet: Wallet

    /// The pipeline's name, whichever run and ref is meant.
    var pipeline: String {
      "\(target.vendor):\(target.path.joined(separator: "/")) \(vendor.connection.server.text)"
    }
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
    return Network(settings, on: loop) { timeout.map { $0 - clock.elapsed } }
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
    let wallet = try await wallets.wallet("\(target.vendor) \(server.text)") { () throws(Failure) in
      try await keyring.wallet(for: type, at: server)
    }
    let clock = clock
    let site = Site(
      target: target, server: server, wallet: wallet, settings: settings, transport: network,
      now: { clock.now }, nonce: { UUID().uuidString.filter { $0 != "-" }.lowercased() },
      commons: commons)
    return Place(
      target: target, vendor: try type.init(site), card: type.card, wallet: wallet)
  }

  /// Runs the wishes to their ends and returns what the program exits with; `wait` is nil for a single look.
  func run(
    _ wishes: [Wish], wait: WaitOptions? = nil, terms: Gate.Terms
  ) async -> PipelatchCore.ExitCode {
    let wash = Wash { [wallets] in wallets.secrets }
    let meters = wishes.map { wish -> (target: String, meter: any Meter) in
      (wash(wish.place.target.text), wish.place.vendor.connection)
    }
    let reports = reports(meters, wash)
    let (clock, interruption, past) = (clock, interruption, Past())
    let gates = zip(wishes, meters).map { wish, place in
      var gate = Gate(
        pipeline: wish.place.vendor, purpose: wish.purpose, terms: terms,
        schedule: wait?.schedule(wish.place.card.pace) ?? Schedule(), time: clock, dice: .system,
        meter: place.meter, interruption: { interruption.code }
      ) { event in
        reports.tell(event, of: place.target, at: clock.now)
      }
      (gate.name, gate.past) = (wish.place.pipeline, past)
      return (target: place.target, gate: gate)
    }
    let latch = Latch(gates: gates, any: wait?.any ?? false)
    // Only who starts something must not be ended unheard; the others need not wait for the traps.
    if wishes.contains(where: \.purpose.starts) { await interruption.armed() }
    let outcomes = await interruption.watch(
      on: loop, leaving: { _ = reports.close($0, at: clock.now) }
    ) {
      await latch.run()
    }
    let code = latch.code(of: outcomes)
    let left = reports.close(heard(code), at: clock.now)
    if output.output != .json, code == .succeeded {
      for (wish, outcome) in zip(wishes, outcomes) where wish.purpose.launches {
        console.line(wash(outcome.run?.id ?? ""), to: .output)
      }
    }
    return heard(left)
  }

  /// A success that standard output never got is none.
  private func heard(_ code: PipelatchCore.ExitCode) -> PipelatchCore.ExitCode {
    guard code == .succeeded, console.outputBroke else { return code }
    console.line("pipelatch: standard output was closed before the verdict was told", to: .error)
    return .fault
  }

  /// Who is told: people or programs, the files asked for, and the CI that this runs in.
  private func reports(
    _ meters: [(target: String, meter: any Meter)], _ wash: Wash
  ) -> Reports {
    // The demo gives its vendor an environment of its own; the host is asked about in the true one.
    let host = Environment.process
    let (targets, begun, clock) = (meters.map(\.target), clock.now, clock)
    var all: [any Report]
    switch output.output {
    case .json: all = [JSONReport(console: console)]
    case .quiet: all = [QuietReport(console: console)]
    case .auto, .live, .plain:
      let wanted = output.output == .live || (output.output == .auto && host["CI"] == nil)
      if wanted, let terminal = Terminal(host) {
        all = [LiveReport(console, terminal: terminal, meters: meters) { clock.now }]
      } else {
        let fold: Fold = host["GITLAB_CI"] == "true" ? .gitlab : .none
        all = [PlainReport(console, targets: targets, begun: begun, fold: fold)]
      }
    }
    func file(_ path: String?, _ source: String, appends: Bool = false) -> ReportFile? {
      path.map { ReportFile(path: $0, source: source, appends: appends) }
    }
    if let junit = file(output.junit, "--junit") {
      all.append(JUnitReport(junit, targets: targets, begun: begun))
    }
    if let dotenv = file(output.dotenv, "--dotenv") {
      all.append(DotenvReport(dotenv, targets: targets, begun: begun))
    }
    var pages = [file(output.summary, "--summary")]
    if host["GITHUB_ACTIONS"] == "true" {
      let (page, values) = ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")
      pages.append(file(host[page], page, appends: true))
      let outputs = file(host[values], values, appends: true)
      all.append(GitHubReport(console, targets: targets, begun: begun, outputs: outputs))
    }
    let files = pages.compactMap { $0 }
    if !files.isEmpty { all.append(SummaryReport(files, targets: targets, begun: begun)) }
    return Reports(all, console: console, wash: wash)
  }
}

extension Gate.Purpose {
  /// Whether the gate starts a run.
  var starts: Bool {
    switch self {
    case .trigger, .launch: true
    case .wait, .check: false
    }
  }

  /// Whether the gate ends once the run has started.
  var launches: Bool { if case .launch = self { true } else { false } }
}
