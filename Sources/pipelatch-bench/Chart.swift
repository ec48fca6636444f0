import RealModule

/// Requests against lag as an SVG picture, both axes logarithmic: nearer to the lower left corner is better.
struct Chart {
  private static let size = (width: 760.0, height: 480.0)
  private static let frame = (left: 64.0, top: 44.0, right: 736.0, bottom: 424.0)
  private let rows: [ScheduleReport.PolicyRow]
  private let requests: Axis
  private let lags: Axis

  init(_ report: ScheduleReport) {
    rows = report.policies
    requests = Axis(rows.map(\.requests), from: Self.frame.left, to: Self.frame.right)
    lags = Axis(rows.map(\.lagMean), from: Self.frame.bottom, to: Self.frame.top)
  }

  var text: String {
    let size = Self.size
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size.width.tenths) \(size.height.tenths)" \
      font-family="system-ui, sans-serif" font-size="13">
      <title>Requests a run against the mean lag of its end</title>
      <rect width="100%" height="100%" fill="#fff"/>
      \((grid + curves + points).joined(separator: "\n"))
      </svg>

      """
  }

  private var grid: [String] {
    let frame = Self.frame
    var lines: [String] = []
    for tick in requests.ticks {
      let x = requests.place(tick).tenths
      lines.append(line(x, frame.top.tenths, x, frame.bottom.tenths, "#ddd"))
      lines.append(label("\(Int(tick))", x, (frame.bottom + 18).tenths, anchor: "middle", "#555"))
    }
    for tick in lags.ticks {
      let y = lags.place(tick)
      lines.append(line(frame.left.tenths, y.tenths, frame.right.tenths, y.tenths, "#ddd"))
      lines.append(
        label("\(Int(tick)) s", (frame.left - 8).tenths, (y + 4).tenths, anchor: "end", "#555"))
    }
    let middle = ((frame.left + frame.right) / 2).tenths
    return lines + [
      label("mean lag of the end", frame.left.tenths, "24", anchor: "start", "#222"),
      label("requests a run", middle, (frame.bottom + 42).tenths, anchor: "middle", "#222"),
    ]
  }

  private var curves: [String] {
    [("fixed-", "#999"), ("pipelatch", "#06c")].map { prefix, color in
      let places = rows.filter {
        $0.policy.hasPrefix(prefix) && $0.policy != "pipelatch-no-history"
      }
      .sorted { $0.requests < $1.requests }
      .map { "\(requests.place($0.requests).tenths),\(lags.place($0.lagMean).tenths)" }
      return "<polyline points=\"\(places.joined(separator: " "))\" fill=\"none\" "
        + "stroke=\"\(color)\" stroke-width=\"1.5\"/>"
    }
  }

  private var points: [String] {
    rows.flatMap { row in
      let (x, y) = (requests.place(row.requests), lags.place(row.lagMean))
      let color = row.policy.hasPrefix("pipelatch") ? "#06c" : "#777"
      // Below and to the left of its point, a label of the fixed line is clear of the line.
      let below = row.policy.hasPrefix("fixed")
      return [
        "<circle cx=\"\(x.tenths)\" cy=\"\(y.tenths)\" r=\"5\" fill=\"\(color)\"/>",
        label(
          row.policy, (below ? x - 9 : x + 9).tenths, (below ? y + 16 : y - 6).tenths,
          anchor: below ? "end" : "start", color),
      ]
    }
  }

  private func line(_ x1: String, _ y1: String, _ x2: String, _ y2: String, _ color: String)
    -> String
  {
    "<line x1=\"\(x1)\" y1=\"\(y1)\" x2=\"\(x2)\" y2=\"\(y2)\" stroke=\"\(color)\"/>"
  }

  private func label(_ text: String, _ x: String, _ y: String, anchor: String, _ color: String)
    -> String
  {
    "<text x=\"\(x)\" y=\"\(y)\" text-anchor=\"\(anchor)\" fill=\"\(color)\">\(text)</text>"
  }
}

/// A logarithmic axis with room around what it shows.
private struct Axis {
  private let low: Double
  private let high: Double
  private let from: Double
  private let to: Double

  init(_ values: [Double], from: Double, to: Double) {
    low = Double.log((values.min() ?? 1) / 1.4)
    high = Double.log((values.max() ?? 1) * 1.4)
    self.from = from
    self.to = to
  }

  func place(_ value: Double) -> Double {
    from + (to - from) * (Double.log(value) - low) / (high - low)
  }

  var ticks: [Double] {
    [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].filter {
      Double.log($0) >= low && Double.log($0) <= high
    }
  }
}
