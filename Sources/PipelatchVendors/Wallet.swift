public import PipelatchCore
import Synchronization

/// The credential in use, and the way to a new one when the vendor no longer takes it.
public final class Wallet: Sendable {
  public typealias Renewal = @Sendable () async throws(Failure) -> Credential

  private let current: Mutex<Credential>
  private let renewal: Renewal?

  public init(_ credential: Credential, renewal: Renewal? = nil) {
    current = Mutex(credential)
    self.renewal = renewal
  }

  public var credential: Credential { current.withLock { $0 } }

  /// A fresh credential in place of `stale`, or nil where there is none to be had.
  func renewed(after stale: Credential) async -> Credential? {
    let now = credential
    if now != stale { return now }
    guard let fresh = try? await renewal?(), fresh != stale else { return nil }
    current.withLock { $0 = fresh }
    return fresh
  }
}
