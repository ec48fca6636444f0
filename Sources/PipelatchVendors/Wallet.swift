public import PipelatchCore
import Synchronization

/// The credential in use, and the way to a new one when the vendor no longer takes it.
public final class Wallet: Sendable {
  public typealias Renewal = @Sendable () async throws(Failure) -> Credential

  /// What a user sets, or where it was found; nil where the credential says so itself.
  public let source: String?
  private let current: Mutex<Credential>
  private let kept: Mutex<[Secret]>
  private let renewal: Renewal?

  public init(_ credential: Credential, source: String? = nil, renewal: Renewal? = nil) {
    self.source = source
    current = Mutex(credential)
    kept = Mutex(credential.secrets)
    self.renewal = renewal
  }

  public var credential: Credential { current.withLock { $0 } }

  /// Every text that must not be printed: of this credential, of those before it, and what they were exchanged for.
  public var secrets: [Secret] { kept.withLock { $0 } }

  /// Adds what must not be printed either, such as a session's cookie.
  public func keep(_ secret: Secret) {
    kept.withLock { if !$0.contains(secret) { $0.append(secret) } }
  }

  /// A fresh credential in place of `stale`, or nil where there is none to be had.
  func renewed(after stale: Credential) async -> Credential? {
    let now = credential
    if now != stale { return now }
    guard let fresh = try? await renewal?(), fresh != stale else { return nil }
    for secret in fresh.secrets { keep(secret) }
    current.withLock { $0 = fresh }
    return fresh
  }
}
