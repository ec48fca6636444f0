/// How one policy did on one pipeline.
struct Score: Sendable {
  var pipeline: String
  var requests: Double
  var meanLag: Double
  /// The lag that one run in twenty exceeds.
  var lateLag: Double
  /// The lag of a fixed interval with as many requests, over this one's.
  var efficiency: Double

  /// Waits for every run of the trace but the first, each with the runs before it as history.
  static func of(_ policy: Policy, on trace: Trace, number: Int) async -> Score {
    var waits: [Policy.Wait] = []
    for place in Trace.history..<trace.durations.count {
      waits.append(
        await policy.wait(
          for: trace.durations[place], past: trace.durations[(place - Trace.history)..<place],
          seed: UInt64(number) << 32 | UInt64(place)))
    }
    let lags = waits.map(\.lag).sorted()
    let requests = waits.map { Double($0.requests) }.mean
    let runs = Array(trace.durations.dropFirst(Trace.history))
    return Score(
      pipeline: trace.name, requests: requests, meanLag: lags.mean,
      lateLag: lags[min(lags.count - 1, Int(0.95 * Double(lags.count)))],
      efficiency: Fixed.lag(costing: requests, on: runs) / lags.mean)
  }
}

/// Polling at a fixed interval: the measure of all others.
enum Fixed {
  /// The mean lag in seconds of the fixed interval that makes `requests` on these runs, the first look included.
  static func lag(costing requests: Double, on runs: [Double]) -> Double {
    var (short, long) = (0.01, 100_000.0)
    for _ in 0..<60 {
      let middle = (short * long).squareRoot()
      let looks = runs.map { 1 + ($0 / middle).rounded(.up) }.mean
      if looks > requests { short = middle } else { long = middle }
    }
    // Where runs take much the same time, the lag jumps with the interval: its neighbours make it even.
    return [0.97, 0.985, 1, 1.015, 1.03].map { factor in
      runs.map { run in (run / (long * factor)).rounded(.up) * long * factor - run }.mean
    }.mean
  }
}

extension Array where Element == Double {
  var mean: Double { reduce(0, +) / Double(count) }
}
