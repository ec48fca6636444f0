import FoundationEssentials
import NIOSSL
import PipelatchCore
import PipelatchVendors

/// What the network is told by options and environment.
struct NetworkSettings: Sendable {
  /// PEM certificates trusted beside the system's.
  var authorityFile: String?
  /// PEM certificates trusted in place of the system's, from `SSL_CERT_FILE`.
  var systemFile: String?
  var proxies = Proxies()

  init() {}

  init(authorityFile: String?, environment: [String: String]) {
    self.authorityFile = authorityFile
    systemFile = environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : $0 }
    proxies = Proxies(environment: environment)
  }

  /// Where Linux systems keep the certificates they trust.
  private static let bundles = [
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
  ]

  /// Throws `.notConfigured` where a file cannot be read, or where nothing at all is trusted.
  func trust(into tls: inout TLSConfiguration) throws(Failure) {
    if let systemFile {
      tls.trustRoots = .certificates(try Self.certificates(systemFile, from: "SSL_CERT_FILE"))
    } else if !Self.bundles.contains(where: FileManager.default.fileExists(atPath:)) {
      guard authorityFile != nil else {
        throw Failure(
          .notConfigured, "this system has no list of trusted certificates",
          remedy: "Install ca-certificates, or set SSL_CERT_FILE or --ca-file")
      }
      tls.trustRoots = .certificates([])
    }
    if let authorityFile {
      tls.additionalTrustRoots = [
        .certificates(try Self.certificates(authorityFile, from: "--ca-file"))
      ]
    }
  }

  private static func certificates(
    _ path: String, from source: String
  ) throws(Failure) -> [NIOSSLCertificate] {
    guard let found = try? NIOSSLCertificate.fromPEMFile(path), !found.isEmpty else {
      throw Failure(.notConfigured, "\(source): '\(path)' is no readable file of PEM certificates")
    }
    return found
  }
}
