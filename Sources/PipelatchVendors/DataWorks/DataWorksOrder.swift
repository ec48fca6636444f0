import FoundationEssentials
import PipelatchCore

/// The form of CreatePipelineRun, made of inputs that are named as the API names them.
struct DataWorksOrder {
  private(set) var form: [Request.Pair] = []
  /// RunMode Auto: the vendor executes the stages.
  private(set) var runsByItself = false

  private static let known = ["ObjectIds", "Type", "Description", "RunMode", "AutoRunUntilStage"]

  init(_ order: Order) throws(Failure) {
    var inputs: [String: String] = [:]
    for input in order.inputs {
      guard Self.known.contains(input.key) else {
        throw Failure(
          .usage, "DataWorks takes no --input '\(input.key)'",
          remedy: "It takes \(Self.known.joined(separator: ", "))")
      }
      inputs[input.key] = input.value
    }
    let objects = try Self.objects(inputs["ObjectIds"])
    let type = inputs["Type"] ?? "Online"
    guard type == "Online" || type == "Offline" else {
      throw Failure(.usage, "Type is '\(type)'", remedy: "Write Type=Online or Type=Offline")
    }
    form.append(Request.Pair("Type", type))
    form.append(Request.Pair("ObjectIds", objects))
    let words = [inputs["Description"], order.key.map(Self.mark)].compactMap { $0 }
    if !words.isEmpty {
      form.append(Request.Pair("Description", words.joined(separator: " ")))
    }
    let mode = inputs["RunMode"] ?? "Normal"
    guard mode == "Normal" || mode == "Auto" else {
      throw Failure(.usage, "RunMode is '\(mode)'", remedy: "Write RunMode=Normal or RunMode=Auto")
    }
    runsByItself = mode == "Auto"
    let last = inputs["AutoRunUntilStage"]
    guard runsByItself == (last?.isEmpty == false) else {
      throw Failure(
        .usage, "RunMode=Auto and AutoRunUntilStage go together",
        remedy: "Give both, such as RunMode=Auto and AutoRunUntilStage=PROD, or neither")
    }
    if inputs["RunMode"] != nil { form.append(Request.Pair("RunMode", mode)) }
    if let last { form.append(Request.Pair("AutoRunUntilStage", last)) }
  }

  /// What a description says of the key that a run was started with.
  static func mark(_ key: String) -> String { "[pipelatch:\(key)]" }

  /// One field that holds a JSON list of texts, whether the ids came as `1,2` or as a list already.
  private static func objects(_ text: String?) throws(Failure) -> String {
    let text = text?.trimmed ?? ""
    var ids: [String] = []
    if text.hasPrefix("[") {
      let listed = try? JSONDecoder().decode([WireID].self, from: Data(text.utf8))
      ids = (listed ?? []).map(\.text)
    } else {
      ids = text.split(separator: ",").map { String($0).trimmed }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    guard !ids.isEmpty, !ids.contains(""), let data = try? encoder.encode(ids) else {
      throw Failure(
        .usage, "DataWorks deploys an object, and none is named",
        remedy: "Add --input ObjectIds=ID, the id of a node, or of its workflow")
    }
    return String(decoding: data, as: UTF8.self)
  }
}
