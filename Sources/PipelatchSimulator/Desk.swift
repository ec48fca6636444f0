/// Whoever answers requests: a simulated vendor, or something that stands before one.
public protocol Desk: Sendable {
  func answer(_ ask: Ask) async -> Answer
}
