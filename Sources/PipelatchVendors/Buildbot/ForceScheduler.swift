import PipelatchCore

/// The form that Buildbot fills in to start a build, and how an order fills it in.
///
/// Buildbot passes over in silence what a form does not ask for, so nothing else may be sent.
/// https://docs.buildbot.net/latest/manual/configuration/schedulers.html#forcescheduler-scheduler
struct ForceScheduler: Decodable, Sendable {
  struct Field: Decodable, Sendable {
    var name: String?
    /// What a value is sent as; differs from `name` inside a codebase.
    var fullName: String?
    var type: String?
    var multiple: Bool?
    var `default`: Lenient<String>?
    var fields: [Field]?

    var leaves: [Field] { fields.map { $0.flatMap(\.leaves) } ?? [self] }
    var key: String { fullName ?? name ?? "" }
  }

  enum Value: Encodable, Hashable, Sendable {
    case id(Int64)
    case flag(Bool)
    case text(String)
    case list([String])

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .id(let value): try container.encode(value)
      case .flag(let value): try container.encode(value)
      case .text(let value): try container.encode(value)
      case .list(let value): try container.encode(value)
      }
    }
  }

  /// The property that carries a mark where a form asks for it; else the reason does, which every form has.
  static let keyField = "pipelatch_key"
  /// Buildbot takes only what looks like a mail address, and may write to it.
  private static let user = "pipelatch <noreply@pipelatch.invalid>"

  var name: String
  var enabled: Bool?
  var all_fields: [Field]

  static func mark(_ key: String) -> String { "pipelatch:\(key)" }

  /// The parameters of `force`. Throws `.usage` where the form has no place for what is ordered.
  func filled(by order: Order, builder: Int64) throws(Failure) -> [String: Value] {
    var values: [String: Value] = [:]
    for input in order.inputs { try put(input, into: &values) }
    if let ref = order.ref { values[try codebaseField("branch", for: "--ref").key] = .text(ref) }
    if let commit = order.commit {
      values[try codebaseField("revision", for: "--commit").key] = .text(commit)
    }
    if let key = order.key { try mark(key, &values) }
    if open("reason"), values["reason"] == nil { values["reason"] = .text("started by pipelatch") }
    if let user = fields.first(where: { $0.type == "username" }), values[user.key] == nil {
      values[user.key] = .text(Self.user)
    }
    values["builderid"] = .id(builder)
    return values
  }

  private var fields: [Field] { all_fields.flatMap(\.leaves).filter { $0.type != "fixed" } }

  private func open(_ key: String) -> Bool { fields.contains { $0.key == key } }

  private func put(
    _ input: Order.Input, into values: inout [String: Value]
  ) throws(Failure) {
    guard let field = fields.first(where: { $0.key == input.key }) else {
      throw Failure(
        .usage, "force scheduler '\(name)' does not ask for '\(input.key)'",
        remedy: "It asks for: \(fields.map(\.key).joined(separator: ", "))")
    }
    if field.type == "bool" {
      // Everything but the JSON word true would be taken for false.
      guard input.value == "true" || input.value == "false" else {
        throw Failure(.usage, "'\(input.key)' is a checkbox", remedy: "Write true or false")
      }
      values[input.key] = .flag(input.value == "true")
    } else if field.multiple == true {
      guard case .list(let list) = values[input.key] else {
        values[input.key] = .list([input.value])
        return
      }
      values[input.key] = .list(list + [input.value])
    } else {
      if input.value.allSatisfy(\.isWhitespace), field.default?.value?.isEmpty == false {
        throw Failure(
          .usage, "'\(input.key)' cannot be empty: Buildbot would take its default instead")
      }
      values[input.key] = .text(input.value)
    }
  }

  private func codebaseField(_ name: String, for option: String) throws(Failure) -> Field {
    let candidates = fields.filter { $0.name == name }
    if candidates.count == 1 { return candidates[0] }
    if candidates.isEmpty {
      throw Failure(.usage, "force scheduler '\(self.name)' asks for no \(name)")
    }
    let keys = candidates.map { "--input \($0.key)=..." }.joined(separator: ", ")
    throw Failure(
      .usage, "\(option) is not clear: the builder has several codebases", remedy: "Use \(keys)")
  }

  private func mark(_ key: String, _ values: inout [String: Value]) throws(Failure) {
    if open(Self.keyField) {
      values[Self.keyField] = .text(key)
    } else if open("reason"), values["reason"] == nil {
      values["reason"] = .text(Self.mark(key))
    } else {
      throw Failure(
        .usage, "force scheduler '\(name)' has no place for --key",
        remedy: "Leave its reason free, or give it a StringParameter named \(Self.keyField)")
    }
  }
}
