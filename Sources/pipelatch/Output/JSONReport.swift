import FoundationEssentials
import PipelatchCore
import PipelatchVendors

/// One JSON object a line on standard output, version 1 of the format.
struct JSONReport: Report {
  let console: Console
  var wantsLooks: Bool { false }
  /// One for all lines: making it takes twice as long as a line.
  private static let encoder = {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }()

  func tell(_ event: Event, of target: String, at time: Timestamp) {
    guard var fields = Self.fields(event) else { return }
    fields["v"] = .number(1)
    fields["time"] = .moment(time)
    fields["target"] = .text(target)
    guard let data = try? Self.encoder.encode(JSONObject(fields: fields)) else { return }
    console.line(String(decoding: data, as: UTF8.self), to: .output)
  }

  /// Nil for what only people are told.
  private static func fields(_ event: Event) -> [String: JSONField]? {
    switch event {
    case .located(let run, let triggered, let joined):
      [
        "event": "located", "run": field(run), "triggered": .flag(triggered),
        "joined": .flag(joined),
      ]
    case .run(let state, let was):
      ["event": "run", "state": .text(state.word), "was": .optional(was?.word)]
    case .stage(let stage, let was):
      [
        "event": "stage", "stage": .text(stage.name), "state": .text(stage.state.word),
        "was": .optional(was?.word), "started_at": .moment(stage.startedAt),
        "finished_at": .moment(stage.finishedAt),
      ]
    case .job(let job, let stage, let was):
      [
        "event": "job", "stage": .text(stage), "job": .text(job.name),
        "state": .text(job.state.word), "was": .optional(was?.word), "url": .optional(job.url),
        "started_at": .moment(job.startedAt), "finished_at": .moment(job.finishedAt),
      ]
    case .approval(let approval):
      [
        "event": "approval", "stage": .optional(approval.stage), "job": .optional(approval.job),
        "url": .optional(approval.url), "message": .text(approval.message),
      ]
    case .trouble(let trouble):
      [
        "event": "trouble", "kind": .text(trouble.kind.rawValue),
        "status": trouble.status.map { .number($0) } ?? .null, "message": .text(trouble.message),
        "retry_in_s": .seconds(trouble.retryIn),
      ]
    case .unknownStatus(let word, let place):
      ["event": "unknown-status", "word": .text(word), "where": .text(place)]
    case .log(let job, let lines):
      ["event": "log", "job": .text(job), "lines": .list(lines)]
    case .verdict(let outcome): verdict(outcome)
    case .note, .learned, .looked: nil
    }
  }

  private static func verdict(_ outcome: Outcome) -> [String: JSONField] {
    [
      "event": "verdict", "verdict": .optional(outcome.verdict?.rawValue),
      "exit_code": .number(Int(outcome.exitCode.rawValue)),
      "reason": .optional(outcome.reason?.rawValue), "message": .optional(message(outcome)),
      "run": outcome.run.map(field) ?? .null,
      "duration_s": outcome.run?.duration.map { .seconds($0) } ?? .null,
      "waited_s": .seconds(outcome.waited),
      "requests": .object([
        "total": .number(outcome.requests.total),
        "not_modified": .number(outcome.requests.notModified),
        "failed": .number(outcome.requests.failed),
      ]),
    ]
  }

  /// The verdict's own sentence, or what a person is told of the run, such as "succeeded with warnings".
  private static func message(_ outcome: Outcome) -> String? {
    let notes = outcome.run?.notes ?? []
    return outcome.message ?? (notes.isEmpty ? nil : notes.joined(separator: " "))
  }

  private static func field(_ run: Run) -> JSONField {
    .object([
      "id": .text(run.id), "url": .optional(run.url), "ref": .optional(run.ref),
      "commit": .optional(run.commit), "created_at": .moment(run.createdAt),
      "attempt": run.attempt.map { .number($0) } ?? .null,
    ])
  }
}

/// A value in a JSON object; absent is an explicit null.
enum JSONField: ExpressibleByStringLiteral, Sendable {
  case null
  case text(String)
  case number(Int)
  case decimal(Double)
  case flag(Bool)
  case list([String])
  case object([String: JSONField])

  init(stringLiteral value: String) { self = .text(value) }

  static func optional(_ text: String?) -> JSONField { text.map { .text($0) } ?? .null }

  static func seconds(_ duration: Duration) -> JSONField {
    .decimal(Double(duration.milliseconds) / 1000)
  }

  private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

  /// ISO 8601 in UTC with milliseconds.
  static func moment(_ moment: Timestamp?) -> JSONField {
    guard let moment else { return .null }
    return .text(style.format(moment.date))
  }
}

/// A JSON object to write.
struct JSONObject: Encodable {
  let fields: [String: JSONField]

  /// Each field by its type: one that the encoder has to ask for its type takes twice as long.
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: FieldName.self)
    for (name, field) in fields {
      let name = FieldName(stringValue: name)
      switch field {
      case .null: try container.encodeNil(forKey: name)
      case .text(let value): try container.encode(value, forKey: name)
      case .number(let value): try container.encode(value, forKey: name)
      case .decimal(let value): try container.encode(value, forKey: name)
      case .flag(let value): try container.encode(value, forKey: name)
      case .list(let values): try container.encode(values, forKey: name)
      case .object(let fields): try container.encode(JSONObject(fields: fields), forKey: name)
      }
    }
  }
}
