import FoundationEssentials
import NIOCore
import NIOHTTPCompression
import NIOPosix
import NIOSSL
import PipelatchCore
import PipelatchVendors

/// The network's errors in words, and whether the request can have arrived.
enum NetworkFault {
  /// `known` is what the HTTP client's own errors mean, where it is one of them.
  static func failure(_ error: any Error, of request: Request, known: Failure?) -> Failure {
    var failure = known ?? name(error, request.server)
    failure.address = request.address
    // Asking twice starts nothing twice.
    if request.method == .get { failure.mayHaveArrived = false }
    return failure
  }

  private static func name(_ error: any Error, _ server: Server) -> Failure {
    switch error {
    case is CancellationError: return lost("the request was interrupted")
    case is NIOTooManyBytesError:
      return Failure(.unreadable, "the answer is larger than \(Network.mostBytes >> 20) MiB")
    case is NIOHTTPDecompression.DecompressionError,
      is NIOHTTPDecompression.ExtraDecompressionError:
      return Failure(
        .unreadable, "the answer cannot be unpacked, or not within \(Network.mostBytes >> 20) MiB")
    case is PeerName.Mismatch:
      return unsafe("the server's certificate is not for \(server.host)")
    case let error as NIOSSLError: return tls(error, server)
    case let error as NIOSSLExtraError:
      return unsafe("the server's certificate is not for \(server.host): \(error)")
    // Behind the handshake, so the request may be there already.
    case is BoringSSLError: return lost("the TLS connection to \(server.authority) broke")
    case let error as NIOConnectionError: return connection(error, server)
    case let error as IOError: return system(error, server)
    case is ChannelError: return lost("the connection to \(server.authority) broke")
    default: return lost("the connection to \(server.authority) broke: \(type(of: error))")
    }
  }

  private static func tls(_ error: NIOSSLError, _ server: Server) -> Failure {
    switch error {
    case .handshakeFailed(let reason):
      let text = "\(reason)"
      if text.contains("CERTIFICATE_VERIFY_FAILED") {
        return unsafe("the certificate of \(server.authority) is not signed by a trusted authority")
      }
      return unsafe("the TLS handshake with \(server.authority) failed")
    case .unableToValidateCertificate:
      return unsafe("the certificate of \(server.authority) is not for that host")
    case .uncleanShutdown: return lost("\(server.authority) broke off its answer")
    default: return lost("the TLS connection to \(server.authority) failed")
    }
  }

  private static func connection(_ error: NIOConnectionError, _ server: Server) -> Failure {
    if error.dnsAError != nil || error.dnsAAAAError != nil, error.connectionErrors.isEmpty {
      return unsent("the name \(server.host) cannot be resolved")
    }
    if let first = error.connectionErrors.first?.error as? IOError { return system(first, server) }
    return unsent("no connection to \(server.authority) can be made")
  }

  private static func system(_ error: IOError, _ server: Server) -> Failure {
    switch error.errnoCode {
    case ECONNREFUSED: unsent("\(server.authority) refuses the connection")
    case ENETUNREACH, EHOSTUNREACH: unsent("there is no way to \(server.authority)")
    case ECONNRESET, EPIPE: lost("\(server.authority) reset the connection")
    default: lost("the connection to \(server.authority) broke (errno \(error.errnoCode))")
    }
  }

  static func unsent(_ what: String, remedy: String? = nil) -> Failure {
    Failure(.unreachable, what, remedy: remedy, mayHaveArrived: false)
  }

  private static func unsafe(_ what: String) -> Failure {
    Failure(
      .unreachable, what, remedy: "For a private authority pass its certificate with --ca-file",
      mayHaveArrived: false)
  }

  static func lost(_ what: String) -> Failure { Failure(.unreachable, what) }
}
