import RealModule

/// When runs of one pipeline use to end, learned from how long past ones took.
///
/// The durations become a mixture in log-time: a kernel each, as wide as the way to its neighbours, so that modes stay
/// apart and outliers are blurred, and a broad one for the run that is unlike any before. Of its hazard h the integral
/// of sqrt(h / 2) is kept: by Keller's rule a look is due whenever it has grown by sqrt(c), c being the lag in seconds
/// that one request is worth.
struct Hazard: Sendable {
  private struct Kernel {
    var center: Double
    var width: Double
    var weight: Double
  }

  /// Past runs that are learned from, and by how many of them a run's weight has fallen to 1/e.
  private static let keep = 20
  private static let points = 400
  private static let logAges = (low: Double.log(0.5), high: Double.log(43_200))
  /// Ages in seconds; the same for every pipeline.
  private static let ages = (0..<points).map { Double.exp(logAge($0)) }

  /// The integral up to each of the ages.
  private let looks: [Double]

  /// Learns from durations in seconds, the newest first; nil where there are none.
  init?(durations: [Double]) {
    let logs = durations.filter { $0 > 0 && $0.isFinite }.prefix(Self.keep)
      .map { Double.log(max(0.5, $0)) }
    guard !logs.isEmpty else { return nil }
    var (density, survival, whole) = (
      [Double](repeating: 0, count: Self.points), [Double](repeating: 0, count: Self.points), 0.0
    )
    for kernel in Self.kernels(logs) {
      whole += kernel.weight
      Self.add(kernel, to: &density, and: &survival)
    }
    var (sum, last) = (0.0, 0.0)
    looks = Self.ages.indices.map { point in
      let age = Self.ages[point]
      let hazard = density[point] / age / max(survival[point], 1e-12 * whole)
      sum += (hazard / 2).squareRoot() * (age - last)
      last = age
      return sum
    }
  }

  /// Seconds from `age` until the integral has grown by `step`; infinite past the end of what is known.
  func delay(age: Double, step: Double) -> Double {
    guard let now = Self.interpolate(age, Self.ages, looks),
      let next = Self.interpolate(now + step, looks, Self.ages)
    else { return .infinity }
    return next - age
  }

  private static func logAge(_ point: Int) -> Double {
    logAges.low + (logAges.high - logAges.low) * Double(point) / Double(points - 1)
  }

  private static func kernels(_ logs: [Double]) -> [Kernel] {
    let count = Double(logs.count)
    let neighbour = min(logs.count - 1, max(1, Int((count / 4).rounded(.toNearestOrEven))))
    let weights = logs.indices.map { Double.exp(-Double($0) / Double(keep)) }
    let scale = count / weights.reduce(0, +)
    let sorted = logs.sorted()
    let median = (sorted[(logs.count - 1) / 2] + sorted[logs.count / 2]) / 2
    return zip(logs, weights).map { log, weight in
      let way = logs.map { abs($0 - log) }.sorted()[neighbour]
      return Kernel(
        center: log, width: min(max(way, 0.05, 0.3 / count), 0.4), weight: scale * weight)
    } + [Kernel(center: median, width: 1.5, weight: 1)]
  }

  private static func add(
    _ kernel: Kernel, to density: inout [Double], and survival: inout [Double]
  ) {
    let peak = kernel.weight / (kernel.width * (2 * Double.pi).squareRoot())
    for point in 0..<points {
      let z = (logAge(point) - kernel.center) / kernel.width
      // Eight widths away a kernel is nothing or everything.
      if z <= -8 {
        survival[point] += kernel.weight
      } else if z < 8 {
        survival[point] += kernel.weight * 0.5 * Double.erfc(z / 2.0.squareRoot())
        density[point] += peak * Double.exp(-0.5 * z * z)
      }
    }
  }

  /// `ys` at `x` on the rising curve (xs, ys), a straight line from the origin before it, nil after it.
  private static func interpolate(_ x: Double, _ xs: [Double], _ ys: [Double]) -> Double? {
    guard let firstX = xs.first, let firstY = ys.first, let lastX = xs.last, x < lastX else {
      return nil
    }
    if x <= firstX { return firstX > 0 ? firstY * x / firstX : firstY }
    var (low, high) = (0, xs.count - 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if xs[middle] <= x { low = middle } else { high = middle }
    }
    return ys[low] + (ys[high] - ys[low]) * (x - xs[low]) / (xs[high] - xs[low])
  }
}
