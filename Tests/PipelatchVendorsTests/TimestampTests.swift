import Foundation
import PipelatchCore
import PipelatchVendors
import Testing

/// Moments as vendors write them.
struct TimestampTests {
  @Test func `a moment is read as Foundation reads it`() throws {
    var dice = SplitMix64(seed: 7)
    for _ in 0..<2000 {
      // From 1900 to 2200, each second as likely.
      let seconds = Int64.random(in: -2_208_988_800..<7_258_118_400, using: &dice)
      let moment = Timestamp(
        milliseconds: seconds * 1000 + Int64.random(in: 0..<1000, using: &dice))
      let whole = moment.date.formatted(.iso8601)
      let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
      let fine = moment.date.formatted(style)
      #expect(Timestamp(iso8601: whole)?.date == (try Date(whole, strategy: .iso8601)))
      #expect(Timestamp(iso8601: fine) == Timestamp(try style.parse(fine)))
    }
  }

  @Test(arguments: [
    ("2026-01-02T03:04:05Z", 1_767_323_045_000), ("2024-02-29T23:59:59Z", 1_709_251_199_000),
    ("2026-01-02T11:04:05+08:00", 1_767_323_045_000),
    ("2026-01-02T11:04:05+0800", 1_767_323_045_000),
    ("2026-01-01T23:34:05.5-0330", 1_767_323_045_500),
    ("2026-01-02T11:04:05.123456+08", 1_767_323_045_123),
    ("2026-01-02T03:04:05.9996Z", 1_767_323_046_000),
  ])
  func `offsets and fractions are read`(_ text: String, _ milliseconds: Int64) {
    #expect(Timestamp(iso8601: text)?.milliseconds == milliseconds)
  }

  @Test(arguments: [
    "", "now", "2026-01-02", "2026-01-02 03:04:05Z", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z",
    "2026-00-02T03:04:05Z", "2026-01-32T03:04:05Z", "2026-01-02T24:04:05Z", "2026-01-02T03:60:05Z",
    "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05ZZ", "2026-01-02T03:04:05+8:00",
    "-026-01-02T03:04:05Z", "２026-01-02T03:04:05Z", "2026-01-02T03:04:05+",
  ])
  func `what is no moment is none`(_ text: String) {
    #expect(Timestamp(iso8601: text) == nil)
  }
}
