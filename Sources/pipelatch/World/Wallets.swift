import PipelatchCore
import PipelatchVendors
import Synchronization

/// The wallets of one command: however many targets ask one server, the credential is found and renewed once.
final class Wallets: Sendable {
  private let all = Mutex<[String: Wallet]>([:])

  /// Every text that must not be printed.
  var secrets: [Secret] { all.withLock { $0.values.flatMap(\.secrets) } }

  /// The wallet for a vendor at a server, found with `find` at the first call.
  func wallet(
    _ place: String, _ find: () async throws(Failure) -> Wallet
  ) async throws(Failure) -> Wallet {
    if let known = all.withLock({ $0[place] }) { return known }
    let found = try await find()
    all.withLock { $0[place] = found }
    return found
  }
}
