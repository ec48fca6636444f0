import Crypto
import Foundation
import Testing

@testable import pipelatch_bench

struct FixtureTests {
  @Test(arguments: [
    (120, "f2d6bba9bc986bb3"), (320, "3fc0b17c5b5c0ccc"),
  ])
  func `the fixture is the same on every machine`(runs: Int, digest: String) {
    let text = Trace.fixture(runs: runs).flatMap(\.durations)
      .map { String(Int(($0 * 1000).rounded(.toNearestOrEven))) }.joined(separator: ",")
    let hash = SHA256.hash(data: Data(text.utf8)).map { String(format: "%02x", $0) }.joined()
    #expect(hash.hasPrefix(digest))
  }
}
