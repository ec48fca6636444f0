import PipelatchCore

/// An id that a vendor writes now as a number, now as a text.
struct WireID: Decodable, Hashable, Sendable {
  let text: String

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Int64.self) {
      text = String(number)
    } else {
      text = try container.decode(String.self)
    }
  }
}

/// A moment in milliseconds since 1970 that may come as a number or as digits; zero and nonsense are no moment.
struct WireMilliseconds: Decodable, Hashable, Sendable {
  /// The end of the year 9999, behind which no calendar's text form goes.
  private static let last: Int64 = 253_402_300_799_999

  let moment: Timestamp?

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let number =
      (try? container.decode(Int64.self))
      ?? (try? container.decode(String.self)).flatMap { Int64($0) }
    moment = number.flatMap { (1...Self.last).contains($0) ? Timestamp(milliseconds: $0) : nil }
  }
}

/// A value that is taken where it has the form expected and passed over where not; for what no verdict depends on.
struct Lenient<Value: Decodable & Sendable>: Decodable, Sendable {
  let value: Value?

  init(from decoder: any Decoder) throws {
    value = try? Value(from: decoder)
  }
}

/// The name of a field that no type knows beforehand.
public struct FieldName: CodingKey {
  public let stringValue: String
  public var intValue: Int? { nil }

  public init(stringValue: String) { self.stringValue = stringValue }
  public init?(intValue: Int) { nil }
}
