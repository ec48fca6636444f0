import NIOCore
import NIOSSL
import PipelatchVendors

/// Holds a server to its name: NIOSSL also takes a certificate that names nothing but the peer's own IP address.
struct PeerName: Sendable {
  let host: String

  struct Mismatch: Error {}

  /// Fails, and closes the channel before any request is sent, unless the certificate names the host.
  func verify(_ channel: any Channel) -> EventLoopFuture<Void> {
    if Server(host: host).isAddress { return channel.eventLoop.makeSucceededVoidFuture() }
    return channel.nioSSL_peerCertificate().flatMap { certificate in
      if let certificate, self.isNamed(by: certificate) {
        return channel.eventLoop.makeSucceededVoidFuture()
      }
      return channel.close().flatMapError { _ in channel.eventLoop.makeSucceededVoidFuture() }
        .flatMap { channel.eventLoop.makeFailedFuture(Mismatch()) }
    }
  }

  private func isNamed(by certificate: NIOSSLCertificate) -> Bool {
    for name in certificate._subjectAlternativeNames() where name.nameType == .dnsName {
      if covers(String(decoding: name.contents, as: UTF8.self)) { return true }
    }
    return false
  }

  /// Whether a certificate's DNS name is the host, or covers it with a wildcard for the first label.
  func covers(_ name: String) -> Bool {
    let name = name.lowercased()
    let host = host.lowercased()
    if name == host { return true }
    guard name.hasPrefix("*."), let dot = host.firstIndex(of: ".") else { return false }
    return host[dot...] == name.dropFirst() && name.dropFirst(2).contains(".")
  }
}

extension Server {
  /// Whether the host is an IP address and no name.
  var isAddress: Bool {
    host.contains(":") || host.split(separator: ".").allSatisfy { UInt8($0) != nil }
  }
}
