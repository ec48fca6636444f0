/// Says why an answer could not be read, without repeating the answer.
enum Unreadable {
  static func sentence(_ response: Response, _ error: any Error) -> String {
    if response.body.isEmpty { return "the answer is empty" }
    if let type = response.header("content-type"), !type.lowercased().contains("json") {
      return "the answer is \(type.prefix(40)), not JSON"
    }
    guard let error = error as? DecodingError else { return "the answer is not JSON" }
    switch error {
    case .keyNotFound(let key, let context):
      return "the answer has no '\(path(context.codingPath + [key]))'"
    case .valueNotFound(_, let context), .typeMismatch(_, let context):
      return "'\(path(context.codingPath))' in the answer is not what the documents say"
    case .dataCorrupted: return "the answer is not JSON"
    @unknown default: return "the answer is not what the documents say"
    }
  }

  private static func path(_ keys: [any CodingKey]) -> String {
    keys.isEmpty ? "the whole" : keys.map(\.stringValue).joined(separator: ".")
  }
}
