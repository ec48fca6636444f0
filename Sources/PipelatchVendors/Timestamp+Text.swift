public import FoundationEssentials
public import PipelatchCore

extension Timestamp {
  /// A date as HTTP writes it, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
  public init?(httpDate text: String) {
    let months = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    let words = text.split(separator: " ")
    guard words.count == 6, let month = months.firstIndex(of: String(words[2])) else { return nil }
    let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
    self.init(iso8601: "\(words[3])-\(number)-\(words[1])T\(words[4])Z")
  }

  /// ISO 8601 with `Z` or an offset, with or without fractions of a second.
  ///
  /// Read by hand: a run of thousands of jobs has more moments than Foundation reads in a second.
  public init?(iso8601 text: String) {
    var rest = text.utf8[...]
    guard let year = rest.number(4), rest.skip("-"), let month = rest.number(2, in: 1...12),
      rest.skip("-"), let day = rest.number(2, in: 1...31), rest.skip("T"),
      let hour = rest.number(2, in: 0...23), rest.skip(":"),
      let minute = rest.number(2, in: 0...59), rest.skip(":"),
      let second = rest.number(2, in: 0...60),
      let fraction = rest.fraction(), let offset = rest.offset(), rest.isEmpty
    else { return nil }
    let minutes = (Self.days(year, month, day) * 24 + hour) * 60 + minute - offset
    self.init(milliseconds: Int64((minutes * 60 + second) * 1000 + fraction))
  }

  /// Days since 1970-01-01 in the Gregorian calendar; years are counted from March, so that leap days come last.
  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let years = month > 2 ? year : year - 1
    let months = month > 2 ? month - 3 : month + 9
    return years * 365 + years / 4 - years / 100 + years / 400 + (153 * months + 2) / 5 + day
      - 719_469
  }

  public init(_ date: Date) {
    self.init(milliseconds: Int64((date.timeIntervalSince1970 * 1000).rounded()))
  }

  public var date: Date { Date(timeIntervalSince1970: Double(milliseconds) / 1000) }
}

extension Substring.UTF8View {
  fileprivate mutating func skip(_ sign: Unicode.Scalar) -> Bool {
    guard first == UInt8(ascii: sign) else { return false }
    removeFirst()
    return true
  }

  /// Takes a number of so many digits.
  fileprivate mutating func number(_ digits: Int, in range: ClosedRange<Int> = 0...9999) -> Int? {
    var number = 0
    for _ in 0..<digits {
      guard let digit = popFirst(), (48...57).contains(digit) else { return nil }
      number = number * 10 + Int(digit - 48)
    }
    return range.contains(number) ? number : nil
  }

  /// Takes `.` and digits, as milliseconds; 0 where there are none, nil for a point alone.
  fileprivate mutating func fraction() -> Int? {
    guard skip(".") else { return 0 }
    let digits = prefix { (48...57).contains($0) }
    guard !digits.isEmpty else { return nil }
    self = self[digits.endIndex...]
    let thousandths = digits.prefix(4).reduce(0) { $0 * 10 + Int($1 - 48) }
    let scale = [1000, 100, 10, 1][Swift.min(digits.count, 4) - 1]
    return (thousandths * scale + 5) / 10
  }

  /// Takes `Z`, `+08:00`, `+0800` or `+08`, as minutes.
  fileprivate mutating func offset() -> Int? {
    if skip("Z") { return 0 }
    let sign = skip("+") ? 1 : skip("-") ? -1 : 0
    guard sign != 0, let hours = number(2, in: 0...23) else { return nil }
    if isEmpty { return sign * hours * 60 }
    _ = skip(":")
    return number(2, in: 0...59).map { sign * (hours * 60 + $0) }
  }
}
