import Foundation

/// JSON as it was written: order, spelling and names that stand twice are kept, which no decoder does.
indirect enum Tree: Sendable {
  /// A number, a word or a text in its quotes.
  case leaf(String)
  case list([Tree])
  case object([Member])

  struct Member: Sendable {
    var name: String
    var value: Tree
  }

  /// Nil for what is no JSON, or is nested beyond a hundred.
  init?(_ text: String) {
    var reader = Reader(bytes: Array(text.utf8))
    // A mark of the byte order is no part of what is said.
    if reader.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { reader.place = 3 }
    guard let tree = reader.value(depth: 0), reader.isAtEnd else { return nil }
    self = tree
  }

  var text: String {
    switch self {
    case .leaf(let raw): raw
    case .list(let items): "[" + items.map(\.text).joined(separator: ",") + "]"
    case .object(let members):
      "{" + members.map { "\($0.name):\($0.value.text)" }.joined(separator: ",") + "}"
    }
  }

  /// What a text says, or a number or word as it stands; nil for lists and objects.
  var plain: String? { if case .leaf(let raw) = self { Self.plain(raw) } else { nil } }

  static func plain(_ raw: String) -> String {
    guard raw.hasPrefix("\"") else { return raw }
    if !raw.contains("\\") { return String(raw.dropFirst().dropLast()) }
    return (try? JSONDecoder().decode(String.self, from: Data(raw.utf8))) ?? raw
  }

  /// The leaf at a path such as `sources.0.data.branch`; nil where it is missing or where a name on the way stands twice.
  subscript(path: [String]) -> String? {
    guard let step = path.first else { return plain }
    let rest = Array(path.dropFirst())
    switch self {
    case .leaf: return nil
    case .list(let items):
      guard let index = Int(step), items.indices.contains(index) else { return nil }
      return items[index][rest]
    case .object(let members):
      let named = members.filter { Self.plain($0.name) == step }
      return named.count == 1 ? named[0].value[rest] : nil
    }
  }

  /// The place of a path, where there is one.
  func place(of path: [String]) -> [Int]? {
    guard let step = path.first else { return [] }
    let rest = Array(path.dropFirst())
    switch self {
    case .leaf: return nil
    case .list(let items):
      guard let index = Int(step), items.indices.contains(index) else { return nil }
      return items[index].place(of: rest).map { [index] + $0 }
    case .object(let members):
      guard let index = members.firstIndex(where: { Self.plain($0.name) == step }) else {
        return nil
      }
      return members[index].value.place(of: rest).map { [index] + $0 }
    }
  }

  /// Spoils the field at a place of an object.
  mutating func replace(_ place: [Int], by other: Tree, _ form: Mutator.Form) {
    guard let index = place.last, case .object(var members) = self[place.dropLast()] else {
      self[place[...]] = other
      return
    }
    let twin = Member(name: members[index].name, value: other)
    switch form {
    case .replaced: members[index].value = other
    case .contradictedBefore: members.insert(twin, at: index)
    case .contradictedAfter: members.append(twin)
    case .dropped: members.remove(at: index)
    case .renamed: members[index].name = "\"X\(Self.plain(members[index].name))\""
    }
    self[place.dropLast()] = .object(members)
  }

  /// What its texts, numbers and words say.
  var leaves: [String] { places.compactMap { self[$0[...]].plain } }

  /// Every place in it, as indices from the root.
  var places: [[Int]] {
    let below: [[[Int]]]
    switch self {
    case .leaf: below = []
    case .list(let items): below = items.map(\.places)
    case .object(let members): below = members.map(\.value.places)
    }
    return [[]] + below.enumerated().flatMap { index, places in places.map { [index] + $0 } }
  }

  subscript(place: ArraySlice<Int>) -> Tree {
    get {
      guard let index = place.first else { return self }
      switch self {
      case .leaf: return self
      case .list(let items): return items[index][place.dropFirst()]
      case .object(let members): return members[index].value[place.dropFirst()]
      }
    }
    set {
      guard let index = place.first else {
        self = newValue
        return
      }
      switch self {
      case .leaf: return
      case .list(var items):
        items[index][place.dropFirst()] = newValue
        self = .list(items)
      case .object(var members):
        members[index].value[place.dropFirst()] = newValue
        self = .object(members)
      }
    }
  }
}

private struct Reader {
  let bytes: [UInt8]
  var place = 0

  var isAtEnd: Bool {
    mutating get {
      skip()
      return place == bytes.count
    }
  }

  private mutating func skip() {
    while place < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[place]) { place += 1 }
  }

  private mutating func takes(_ character: Character) -> Bool {
    skip()
    guard place < bytes.count, bytes[place] == character.asciiValue else { return false }
    place += 1
    return true
  }

  mutating func value(depth: Int) -> Tree? {
    if depth > 100 { return nil }
    skip()
    if takes("{") { return object(depth) }
    if takes("[") { return list(depth) }
    if place < bytes.count, bytes[place] == UInt8(ascii: "\"") { return string().map { .leaf($0) } }
    let start = place
    let word = "+-.0123456789abcdefghijklmnopqrstuvwxyzEINT".utf8
    while place < bytes.count, word.contains(bytes[place]) { place += 1 }
    return place == start ? nil : .leaf(String(decoding: bytes[start..<place], as: UTF8.self))
  }

  private mutating func object(_ depth: Int) -> Tree? {
    var members: [Tree.Member] = []
    if takes("}") { return .object([]) }
    while true {
      skip()
      guard let name = string(), takes(":"), let value = value(depth: depth + 1) else { return nil }
      members.append(Tree.Member(name: name, value: value))
      if takes("}") { return .object(members) }
      guard takes(",") else { return nil }
    }
  }

  private mutating func list(_ depth: Int) -> Tree? {
    var items: [Tree] = []
    if takes("]") { return .list([]) }
    while true {
      guard let value = value(depth: depth + 1) else { return nil }
      items.append(value)
      if takes("]") { return .list(items) }
      guard takes(",") else { return nil }
    }
  }

  private mutating func string() -> String? {
    guard place < bytes.count, bytes[place] == UInt8(ascii: "\"") else { return nil }
    let start = place
    place += 1
    while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
      place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1
    }
    guard place < bytes.count else { return nil }
    place += 1
    return String(decoding: bytes[start..<place], as: UTF8.self)
  }
}
