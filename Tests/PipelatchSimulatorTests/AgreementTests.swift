import Foundation
import PipelatchCore
import PipelatchSimulator
import PipelatchVendors
import Testing

/// Each vendor against its simulator: written apart, they must understand each other.
struct AgreementTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let scenario: Scenario
    var testDescription: String { "\(name), \(scenario.rawValue)" }
  }

  static let cases = simulators.flatMap { simulator in
    Scenario.allCases.map { Case(name: simulator.name, scenario: $0) }
  }

  @Test(arguments: cases)
  func `a scenario is followed from its start to its end`(one: Case) async throws {
    let clock = HandClock()
    let (vendor, order) = try Self.open(one, clock)
    var handle = try await Self.begin(vendor, order).handle
    var seen: [State] = []
    var failures: [Failure] = []
    for _ in 0..<60 where seen.last?.ended != true {
      clock.advance(by: 0.25)
      do throws(Failure) {
        let run = try await vendor.look(handle)
        handle = run.handle
        #expect(run.jobs.allSatisfy { if case .unknown = $0.job.state { false } else { true } })
        if seen.last != run.state { seen.append(run.state) }
        if run.state.ended {
          #expect(run.duration.map { (1...15).contains($0.inSeconds) } ?? true)
        } else if let driven = vendor as? any Driven {
          try await driven.advance(run)
        }
      } catch {
        #expect(error.passes, "\(error.sentence)")
        failures.append(error)
      }
    }
    #expect(seen.contains(.running))
    switch one.scenario {
    case .success, .approval, .flaky: #expect(seen.last == .succeeded)
    case .failure: #expect(seen.last == .failed)
    case .canceled: #expect(seen.last == .canceled)
    case .timedout:
      let tells = simulator(named: one.name)?.tellsTimeouts == true
      #expect(seen.last == (tells ? .timedOut : .failed))
    }
    #expect(failures.isEmpty == (one.scenario != .flaky))
  }

  @Test(arguments: simulators.map { $0.name })
  func `past runs have the durations that are asked for`(name: String) async throws {
    let (vendor, order) = try Self.open(Case(name: name, scenario: .success), HandClock())
    guard let vendor = vendor as? any Startable & Remembered else { return }
    let run = try await vendor.look(try await vendor.start(order).handle)
    let durations = try await vendor.durations(like: run)
    #expect(!durations.isEmpty)
    #expect(durations.allSatisfy { (4...12).contains($0.inSeconds) })
  }

  @Test(arguments: simulators.map { $0.name })
  func `a marked run is found again, and only by its mark`(name: String) async throws {
    var (vendor, order) = try Self.open(Case(name: name, scenario: .success), HandClock())
    guard let vendor = vendor as? any Markable else { return }
    order.key = "release 7/\"a\""
    var passedOver: Set<String> = []
    #expect(try await vendor.find(marked: order.key ?? "", passedOver: &passedOver) == nil)
    let started = try await vendor.start(order)
    let found = try await vendor.find(marked: order.key ?? "", passedOver: &passedOver)
    #expect(found?.handle == started.handle)
    #expect(try await vendor.find(marked: "release 7", passedOver: &passedOver) == nil)
  }

  @Test(arguments: simulators.map { $0.name })
  func `a run can be canceled, and a failed job's log be read`(name: String) async throws {
    let clock = HandClock()
    let (vendor, order) = try Self.open(Case(name: name, scenario: .failure), clock)
    guard let vendor = vendor as? any Startable & Cancelable & Logged else { return }
    let first = try await vendor.start(order)
    let second = try await vendor.start(order)
    clock.advance(by: 2)
    try await vendor.cancel(try await vendor.look(first.handle))
    clock.advance(by: 6)
    #expect(try await vendor.look(first.handle).state == .canceled)
    let failed = try await vendor.look(second.handle)
    let job = try #require(failed.jobs.first { $0.job.state == .failed }?.job)
    let lines = try await vendor.log(of: job, in: failed, last: 3)
    #expect(lines.count == 3 && lines.last?.contains("Error 1") == true)
  }

  @Test(arguments: simulators.map { $0.name })
  func `what can be started is started by the demo`(name: String) throws {
    let startable = try vendor(named: name) is any Startable.Type
    #expect(simulator(named: name)?.triggers == startable)
  }

  /// Starts a run, or takes the one that is going where none can be started.
  private static func begin(_ vendor: any Vendor, _ order: Order) async throws -> Found {
    if let vendor = vendor as? any Startable { return try await vendor.start(order) }
    var selector = Selector()
    selector.latest = true
    var passedOver: Set<String> = []
    return try #require(try await vendor.find(selector, passedOver: &passedOver))
  }

  private static func open(
    _ one: Case, _ clock: HandClock
  ) throws -> (vendor: any Vendor, order: Order) {
    let type = try vendor(named: one.name)
    let simulated = try #require(simulator(named: one.name))
      .init(one.scenario, speed: 1, now: clock.now)
    let desk: any Desk =
      one.scenario == .flaky
      ? Faults(before: simulated, begun: !Swift.type(of: simulated).triggers, now: clock.now)
      : simulated
    let target = try Target(simulated.target)
    let server = try Server("http://127.0.0.1:8080")
    let now = clock.now
    let site = Site(
      target: target, server: server,
      wallet: Wallet(try credential(type.credentials(for: server), simulated.environment)),
      settings: simulated.environment, transport: DeskTransport(desk: desk),
      now: { Timestamp(now()) },
      nonce: { UUID().uuidString.filter { $0 != "-" }.lowercased() })
    var order = Order()
    order.ref = target.ref
    order.inputs = simulated.inputs.map { Order.Input(key: $0.name, value: $0.value) }
    return (try type.init(site), order)
  }

  private static func credential(
    _ forms: [CredentialForm], _ environment: [String: String]
  ) throws -> Credential {
    for form in forms {
      switch form {
      case .token(let names):
        if let name = names.first(where: { environment[$0] != nil }) {
          return .token(Secret(environment[name] ?? ""), from: name)
        }
      case .keys(let id, let secret, _):
        if let id = environment[id], let secret = environment[secret] {
          return .keys(id: id, secret: Secret(secret), session: nil)
        }
      case .login(let user, let password):
        if let user = environment[user], let password = environment[password] {
          return .login(user: user, password: Secret(password))
        }
      case .role, .file, .anonymous: continue
      }
    }
    return .none
  }
}
