import FoundationEssentials
import PipelatchCore

/// What a pipeline is started with, in the two forms that GitLab has for it.
struct GitLabOrder {
  private static let prefix = "inputs."
  private var variables: [Order.Input] = []
  private var inputs: [String: Value] = [:]

  /// Reads `KEY=TEXT` as a variable, `inputs.KEY=TEXT` and `inputs.KEY:=JSON` as an input. Throws `.usage`.
  init(_ order: Order, mark: String) throws(Failure) {
    for input in order.inputs {
      guard input.key.hasPrefix(Self.prefix) else {
        variables.append(input)
        continue
      }
      let name = String(input.key.dropFirst(Self.prefix.count))
      if name.hasSuffix(":") {
        inputs[String(name.dropLast())] = try Self.value(of: input)
      } else {
        inputs[name] = .text(input.value)
      }
    }
    if let key = order.key { variables.append(Order.Input(key: mark, value: key)) }
  }

  private static func value(of input: Order.Input) throws(Failure) -> Value {
    if let value = try? JSONDecoder().decode(Value.self, from: Data(input.value.utf8)) {
      return value
    }
    throw Failure(
      .usage, "the value of \(input.key)= is no JSON text, number, boolean or array",
      remedy: "Write \(input.key.dropLast())=VALUE for a plain text")
  }

  /// https://docs.gitlab.com/api/pipelines/#create-a-new-pipeline
  func creation(_ ref: String, at server: Server, root: String) throws(Failure) -> Request {
    let wire = WireOrder(
      ref: ref,
      variables: variables.isEmpty
        ? nil : variables.map { WireOrder.Variable(key: $0.key, value: $0.value) },
      inputs: inputs.isEmpty ? nil : inputs)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let body = try? encoder.encode(wire) else {
      throw Failure(.fault, "the trigger could not be written as JSON")
    }
    return Request(
      .post, server, path: root + "/pipeline",
      headers: [Request.Pair("Content-Type", "application/json")], body: Array(body))
  }

  /// The token is added where all credentials are. https://docs.gitlab.com/api/pipeline_triggers/
  func trigger(_ ref: String, at server: Server, root: String) throws(Failure) -> Request {
    var form = [Request.Pair("ref", ref)]
    form += variables.map { Request.Pair("variables[\($0.key)]", $0.value) }
    for (name, value) in inputs.sorted(by: { $0.key < $1.key }) {
      guard case .text(let text) = value else {
        throw Failure(
          .usage, "with this token an input can only be a text, and \(name) is not",
          remedy: "Write inputs.\(name)=VALUE, or set GITLAB_TOKEN to an access token")
      }
      form.append(Request.Pair("inputs[\(name)]", text))
    }
    return Request(
      .post, server, path: root + "/trigger/pipeline",
      headers: [Request.Pair("Content-Type", "application/x-www-form-urlencoded")],
      body: form.formEncoded)
  }

  /// An input is taken only in the type it is declared with. https://docs.gitlab.com/ci/inputs/#input-types
  fileprivate enum Value: Codable {
    case flag(Bool)
    case whole(Int64)
    case number(Double)
    case text(String)
    case list([Value])

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let flag = try? container.decode(Bool.self) {
        self = .flag(flag)
      } else if let whole = try? container.decode(Int64.self) {
        self = .whole(whole)
      } else if let number = try? container.decode(Double.self) {
        self = .number(number)
      } else if let text = try? container.decode(String.self) {
        self = .text(text)
      } else {
        self = .list(try container.decode([Value].self))
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .flag(let value): try container.encode(value)
      case .whole(let value): try container.encode(value)
      case .number(let value): try container.encode(value)
      case .text(let value): try container.encode(value)
      case .list(let value): try container.encode(value)
      }
    }
  }
}

private struct WireOrder: Encodable {
  struct Variable: Encodable {
    var key: String
    var value: String
  }
  var ref: String
  var variables: [Variable]?
  var inputs: [String: GitLabOrder.Value]?
}
