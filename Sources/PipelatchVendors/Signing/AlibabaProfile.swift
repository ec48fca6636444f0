import FoundationEssentials
public import PipelatchCore

/// The profiles that the `aliyun` command keeps in `~/.aliyun/config.json`.
public enum AlibabaProfile {
  public static let variable = "ALIBABA_CLOUD_PROFILE"

  static let form = CredentialFile(path: "~/.aliyun/config.json") {
    (text, environment) throws(Failure) in
    if environment["ALIBABA_CLOUD_CLI_PROFILE_DISABLED"]?.lowercased() == "true" { return nil }
    return try credential(in: text, profile: environment[variable])
  }

  /// The credential in the file's text: of the profile named, else of the current one.
  ///
  /// Throws `.notConfigured` where there is no such profile, or one of a mode other than AK and StsToken.
  public static func credential(
    in text: String, profile named: String? = nil
  ) throws(Failure) -> Credential {
    guard let file = try? JSONDecoder().decode(WireFile.self, from: Data(text.utf8)) else {
      throw unusable("is not what the aliyun command writes", remedy: "Run 'aliyun configure'")
    }
    let name = named.flatMap { $0.isEmpty ? nil : $0 } ?? file.current ?? "default"
    guard let profile = (file.profiles ?? []).first(where: { $0.name == name }) else {
      throw unusable(
        "has no profile '\(name)'",
        remedy: "Name one that it has in \(variable), or run 'aliyun configure --profile \(name)'")
    }
    let mode = profile.mode ?? "AK"
    guard mode == "AK" || mode == "StsToken" else {
      throw unusable(
        "has profile '\(name)' in mode \(mode), and only AK and StsToken are read",
        remedy: "Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET")
    }
    guard let id = profile.id, !id.isEmpty, let secret = profile.secret, !secret.isEmpty,
      mode == "AK" || profile.session?.isEmpty == false
    else {
      throw unusable(
        "has an incomplete profile '\(name)'", remedy: "Run 'aliyun configure --profile \(name)'")
    }
    let session = mode == "StsToken" ? profile.session.map(Secret.init) : nil
    return .keys(id: id, secret: Secret(secret), session: session)
  }

  private static func unusable(_ what: String, remedy: String) -> Failure {
    Failure(.notConfigured, "~/.aliyun/config.json \(what)", remedy: remedy)
  }
}

private struct WireFile: Decodable {
  var current: String?
  var profiles: [WireProfile]?
}

private struct WireProfile: Decodable {
  var name: String?
  var mode: String?
  var id: String?
  var secret: String?
  var session: String?

  enum CodingKeys: String, CodingKey {
    case name, mode
    case id = "access_key_id"
    case secret = "access_key_secret"
    case session = "sts_token"
  }
}
