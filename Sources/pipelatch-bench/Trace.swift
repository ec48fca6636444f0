import ArgumentParser
import FoundationEssentials
import RealModule

/// How long the runs of one pipeline took, in seconds, in the order they ran.
struct Trace: Codable, Sendable {
  /// The first runs, which are history only.
  static let history = 20

  var name: String
  var durations: [Double]

  /// Traces from a file `[{"name":..,"durations":[seconds..]}]`.
  static func read(_ path: String) throws -> [Trace] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ValidationError("'\(path)' cannot be read")
    }
    guard let traces = try? JSONDecoder().decode([Trace].self, from: data), !traces.isEmpty else {
      throw ValidationError("'\(path)' is not [{\"name\":..,\"durations\":[seconds..]}]")
    }
    for trace in traces {
      guard trace.durations.count > history else {
        throw ValidationError(
          "'\(trace.name)' has \(trace.durations.count) durations; the first \(history) are history"
        )
      }
      guard trace.durations.allSatisfy({ $0 > 0 && $0 <= 604_800 }) else {
        throw ValidationError("'\(trace.name)' has durations that are not 0 to 604800 seconds")
      }
    }
    return traces
  }

  /// Sixteen pipelines with usual durations of 12 s to 5000 s, spread, early ends, slow tails and drift as in real ones.
  static func fixture(runs: Int = 320, seed: UInt64 = 2024) -> [Trace] {
    medians.enumerated().map { place, median in
      var dice = SplitMix(seed * 1000 + UInt64(place))
      let spread = [0.10, 0.12, 0.15, 0.19, 0.26][(3 * place + 1) % 5]
      let early = [0.00, 0.02, 0.08, 0.14, 0.23][(2 * place + 3) % 5]
      let late = [0.01, 0.04, 0.06, 0.09, 0.20][(place + 2) % 5]
      let drift = [0.07, 0.09, 0.15, 0.20, 0.30][(4 * place) % 5]
      let (kept, fresh) = (0.97, (1 - 0.97 * 0.97).squareRoot())
      var level = drift * dice.normal()
      var durations: [Double] = []
      for _ in 0..<runs {
        level = kept * level + fresh * drift * dice.normal()
        let fate = dice.unit()
        let usual = median * Double.exp(level)
        let duration =
          if fate < early {
            usual * (0.03 + 0.57 * dice.unit())
          } else if fate < early + late {
            usual * min(1.6 * Double.pow(1 - dice.unit(), -0.5), 12)
          } else {
            usual * Double.exp(spread * dice.normal())
          }
        durations.append(max(3, duration))
      }
      let number = place < 10 ? "0\(place)" : "\(place)"
      return Trace(name: "synthetic-\(number)-\(Int(median))s", durations: durations)
    }
  }

  private static let medians: [Double] = [
    12, 26, 45, 75, 110, 160, 220, 300, 300, 420, 600, 900, 1300, 2000, 3000, 5000,
  ]
}

extension SplitMix {
  /// Box and Muller's normal number.
  fileprivate mutating func normal() -> Double {
    let radius = (-2 * Double.log(1 - unit())).squareRoot()
    return radius * Double.cos(2 * Double.pi * unit())
  }
}
