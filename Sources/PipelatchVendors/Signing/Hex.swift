extension Sequence<UInt8> {
  /// Two lower-case hexadecimal digits for each byte.
  var hex: String {
    map { byte in
      let digits = String(byte, radix: 16)
      return byte < 16 ? "0\(digits)" : digits
    }.joined()
  }
}
