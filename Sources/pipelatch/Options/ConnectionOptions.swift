import ArgumentParser
import PipelatchCore
import PipelatchVendors

/// Where the vendor is and how to be known there.
struct ConnectionOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Self-hosted, or another region.", valueName: "url"))
  var server: String?

  @Flag(name: .customLong("insecure-http"), help: "Allow http: to other hosts than this one.")
  var insecureHTTP = false

  @Option(help: ArgumentHelp("Read the token from a file.", valueName: "file"))
  var tokenFile: String?

  @Option(help: ArgumentHelp("Run a command that prints the token.", valueName: "command"))
  var tokenCommand: String?

  @Option(
    help: ArgumentHelp("Trust these PEM certificates too.", valueName: "file"))
  var caFile: String?

  func validate() throws {
    if tokenFile != nil, tokenCommand != nil {
      throw ValidationError("--token-file and --token-command exclude each other")
    }
  }

  /// The server of a target. Throws `.usage` for http to a host that is not this machine.
  func server(
    of target: Target, for vendor: any Vendor.Type, settings: [String: String]
  ) throws(Failure) -> Server {
    let chosen: Server
    if let server {
      chosen = try Server(server)
    } else if let named = target.server {
      chosen = named
    } else {
      chosen = try vendor.server(for: target, settings: settings)
    }
    if chosen.scheme == "http", !chosen.isLoopback, !insecureHTTP {
      throw Failure(
        .usage, "\(chosen.origin) would get the credentials in the clear",
        remedy: "Use https:, or --insecure-http if you must")
    }
    return chosen
  }
}
