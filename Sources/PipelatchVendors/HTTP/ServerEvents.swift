/// One event of a `text/event-stream`.
public struct ServerEvent: Hashable, Sendable {
  public var name: String
  public var data: String

  public init(_ name: String, data: String) {
    self.name = name
    self.data = data
  }
}

/// Puts the lines of a `text/event-stream` together to events.
/// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
struct ServerEvents {
  private var name = "message"
  private var data: [String] = []

  /// The event that the line completes, or nil. A line comes without its end; an empty one completes.
  mutating func take(_ line: String) -> ServerEvent? {
    if line.isEmpty {
      defer { self = ServerEvents() }
      return data.isEmpty ? nil : ServerEvent(name, data: data.joined(separator: "\n"))
    }
    let halves = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    var value = halves.count > 1 ? halves[1] : ""
    if value.hasPrefix(" ") { value = value.dropFirst() }
    switch halves[0] {
    case "event": name = String(value)
    case "data": data.append(String(value))
    default: break
    }
    return nil
  }
}
