import RealModule

/// When runs of one pipeline use to end, learned from how long past ones took, as a cumulative density of looks.
///
/// The durations become a mixture in log-time: a kernel each, and a broad one for the run that is unlike any before.
struct Hazard: Sendable {
  /// Ages in seconds, and the number of looks that are worth their price up to each.
  private var ages: [Double] = []
  private var looks: [Double] = []

  /// Nil where there is nothing to learn from.
  init?(durations: [Double], secondsPerRequest: Double, keep: Int = 20) {
    let logs = durations.filter { $0 > 0 }.prefix(keep).map { Double.log(max(0.5, $0)) }.sorted()
    guard !logs.isEmpty else { return nil }
    let median = Self.quantile(logs, 0.5)
    let width = Self.bandwidth(logs)
    let kernels = logs.map { (center: $0, width: width) } + [(center: median, width: 1.5)]
    let points = 400
    let (low, high) = (Double.log(0.5), Double.log(43_200))
    var (sum, last) = (0.0, 0.0)
    for point in 0..<points {
      let logAge = low + (high - low) * Double(point) / Double(points - 1)
      let age = Double.exp(logAge)
      var (density, survival) = (0.0, 0.0)
      for kernel in kernels {
        let z = (logAge - kernel.center) / kernel.width
        if z < 8 { survival += 0.5 * Double.erfc(z / 2.0.squareRoot()) }
        if abs(z) < 8 {
          density += Double.exp(-0.5 * z * z) / (kernel.width * (2 * Double.pi).squareRoot())
        }
      }
      let hazard = density / age / max(survival, 1e-12 * Double(kernels.count))
      sum += (hazard / (2 * secondsPerRequest)).squareRoot() * (age - last)
      last = age
      ages.append(age)
      looks.append(sum)
    }
  }

  /// Seconds until one more look is worth its price; nil past the end of what is known.
  func next(age: Double, dice: Dice) -> Double {
    let step = dice.between(0.75, 1.25)
    guard let now = Self.interpolate(age, ages, looks),
      let next = Self.interpolate(now + step, looks, ages)
    else { return .infinity }
    return next - age
  }

  /// Silverman's rule in log-time, never below 5 %.
  private static func bandwidth(_ sorted: [Double]) -> Double {
    let count = Double(sorted.count)
    let mean = sorted.reduce(0, +) / count
    let spread = (sorted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
    let quartiles = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 1.34
    let sigma = quartiles > 0 ? min(spread, quartiles) : spread
    return max(0.05, 0.75 * sigma * Double.pow(count, -0.2))
  }

  private static func quantile(_ sorted: [Double], _ share: Double) -> Double {
    let place = share * Double(sorted.count - 1)
    let below = Int(place)
    let above = min(below + 1, sorted.count - 1)
    return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
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
