import ArgumentParser
import AsyncHTTPClient
import NIOSSL
import UnixSignals
@main struct Warm: AsyncParsableCommand { mutating func run() async throws { print("x") } }
