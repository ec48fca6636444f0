/// How a scripted run, stage or job stands. Each simulated vendor has its own word for it.
public enum Phase: Hashable, CaseIterable, Sendable {
  case queued
  case running
  /// For a person.
  case waiting
  case succeeded
  case failed
  case canceled
  case timedOut
  case skipped

  public var ended: Bool {
    switch self {
    case .queued, .running, .waiting: false
    case .succeeded, .failed, .canceled, .timedOut, .skipped: true
    }
  }

  /// The phase of a whole from those of its parts.
  init(of parts: [Phase]) {
    let endings: [Phase] = [.canceled, .timedOut, .failed, .succeeded, .skipped]
    if parts.allSatisfy(\.ended), let ending = endings.first(where: parts.contains) {
      self = ending
    } else if parts.contains(.waiting), !parts.contains(.running) {
      self = .waiting
    } else {
      self = parts.allSatisfy { $0 == .queued } ? .queued : .running
    }
  }
}
