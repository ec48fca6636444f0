public import PipelatchCore

/// The file `~/.huaweicloud/credentials` of Huawei Cloud's SDKs: INI with the sections `basic` and `global`.
public enum HuaweiProfile {
  static let form = CredentialFile(path: "~/.huaweicloud/credentials") {
    (text, _) throws(Failure) in
    try credential(in: text)
  }

  /// The keys in the text of the file, of `basic` before `global`. Throws `.notConfigured` where it has none.
  public static func credential(in text: String) throws(Failure) -> Credential {
    let sections = parse(text)
    for name in ["basic", "global"] {
      guard let section = sections[name], let id = section["ak"], let secret = section["sk"],
        !id.isEmpty, !secret.isEmpty
      else { continue }
      let session = section["security_token"].flatMap { $0.isEmpty ? nil : Secret($0) }
      return .keys(id: id, secret: Secret(secret), session: session)
    }
    throw Failure(
      .notConfigured, "~/.huaweicloud/credentials has no 'ak' and 'sk' in [basic] or [global]",
      remedy: "Add them, or set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK")
  }

  private static func parse(_ text: String) -> [String: [String: String]] {
    var sections: [String: [String: String]] = [:]
    var section = ""
    for line in text.split(whereSeparator: \.isNewline).map({ String($0).trimmed }) {
      if line.hasPrefix("#") || line.hasPrefix(";") { continue }
      if line.hasPrefix("["), line.hasSuffix("]") {
        section = String(line.dropFirst().dropLast())
      } else if let mark = line.firstIndex(where: { $0 == "=" || $0 == ":" }) {
        let name = String(line[..<mark]).trimmed.lowercased()
        sections[section, default: [:]][name] = String(line[line.index(after: mark)...]).trimmed
      }
    }
    return sections
  }
}
