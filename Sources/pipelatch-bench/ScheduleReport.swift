import FoundationEssentials
import RealModule

/// Every policy on every pipeline, as told by `pipelatch-bench schedule`.
struct ScheduleReport: Codable, Sendable {
  struct PolicyRow: Codable, Sendable {
    var policy: String
    /// Means over pipelines, which all count the same.
    var requests: Double
    var lagMean: Double
    var lagLate: Double
    /// Geometric mean over pipelines.
    var efficiency: Double

    enum CodingKeys: String, CodingKey {
      case policy, requests, efficiency
      case lagMean = "lag_mean_s"
      case lagLate = "lag_p95_s"
    }
  }

  struct PipelineRow: Codable, Sendable {
    var name: String
    var policy: String
    var requests: Double
    var lagMean: Double

    enum CodingKeys: String, CodingKey {
      case name, policy, requests
      case lagMean = "lag_mean_s"
    }
  }

  var policies: [PolicyRow] = []
  var pipelines: [PipelineRow] = []

  /// Runs the policies on the traces, as many at a time as there are processors.
  static func make(_ traces: [Trace], policies: [Policy] = Policy.all) async -> ScheduleReport {
    var report = ScheduleReport()
    for policy in policies {
      let scores = await withTaskGroup(of: (Int, Score).self) { group in
        for (number, trace) in traces.enumerated() {
          group.addTask { (number, await Score.of(policy, on: trace, number: number)) }
        }
        var scores = [Score?](repeating: nil, count: traces.count)
        for await (number, score) in group { scores[number] = score }
        return scores.compactMap { $0 }
      }
      report.add(policy, scores)
    }
    return report
  }

  private mutating func add(_ policy: Policy, _ scores: [Score]) {
    policies.append(
      PolicyRow(
        policy: policy.name, requests: scores.map(\.requests).mean.thousandths,
        lagMean: scores.map(\.meanLag).mean.thousandths,
        lagLate: scores.map(\.lateLag).mean.thousandths,
        efficiency: Double.exp(scores.map { Double.log($0.efficiency) }.mean).thousandths))
    pipelines += scores.map {
      PipelineRow(
        name: $0.pipeline, policy: policy.name, requests: $0.requests.thousandths,
        lagMean: $0.meanLag.thousandths)
    }
  }

  func row(_ policy: String) -> PolicyRow? { policies.first { $0.policy == policy } }

  var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    let data = try? encoder.encode(self)
    return String(decoding: data ?? Data(), as: UTF8.self)
  }

  /// A Markdown table.
  var table: String {
    var lines = [
      "| policy | requests | mean lag | p95 lag | lag x requests | efficiency |",
      "|---|--:|--:|--:|--:|--:|",
    ]
    for row in policies {
      let product = Int((row.requests * row.lagMean).rounded())
      lines.append(
        "| `\(row.policy)` | \(row.requests.tenths) | \(row.lagMean.tenths) s "
          + "| \(row.lagLate.tenths) s | \(product) | \(row.efficiency.hundredths) |")
    }
    return lines.joined(separator: "\n")
  }
}

extension Double {
  fileprivate var thousandths: Double { (self * 1000).rounded() / 1000 }

  /// With one digit after the point.
  var tenths: String {
    let all = Int((self * 10).rounded())
    return "\(all / 10).\(all % 10)"
  }

  fileprivate var hundredths: String {
    let all = Int((self * 100).rounded())
    return "\(all / 100).\(all % 100 < 10 ? "0" : "")\(all % 100)"
  }
}
