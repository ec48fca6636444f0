import PipelatchCore

/// One target as the live table shows it: what was told of it, and what its connection knows.
struct Glance: Sendable {
  var record: Record
  /// The vendor's clock minus ours.
  var skew: Duration = .zero
  var requests = Requests()
  var budget: Budget?

  init(_ record: Record) { self.record = record }

  init(_ record: Record, _ meter: any Meter) {
    self.record = record
    skew = meter.skew ?? .zero
    requests = meter.requests
    budget = meter.budget
  }
}
