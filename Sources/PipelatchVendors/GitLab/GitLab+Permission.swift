public import PipelatchCore

extension GitLab: Permitting {
  /// The least role that starts pipelines. https://docs.gitlab.com/api/members/#roles
  private static let developer = 30

  /// A token tells its scopes, and the project what the token's owner may do there.
  /// https://docs.gitlab.com/api/personal_access_tokens/#details-on-a-personal-access-token
  public func permission() async throws(Failure) -> Permission {
    if pass.triggers {
      return .untold(
        "a token of this kind starts pipelines; only a trigger would show whether here")
    }
    let wire = try await connection.get("/api/v4/projects/\(project)", as: WireProject.self)
    if wire.builds_access_level?.value == "disabled" {
      return .denied("the project has CI/CD turned off")
    }
    let level = wire.permissions?.level
    if let level, level < Self.developer {
      return .denied("the token's role in the project is less than Developer")
    }
    let path = "/api/v4/personal_access_tokens/self"
    guard let scopes = try? await connection.get(path, as: WireToken.self).scopes else {
      return .untold("only a trigger would show whether the token has the scope api")
    }
    guard scopes.contains("api") else {
      return .denied(
        "the token has the scope \(scopes.joined(separator: ", ")), and a trigger needs api")
    }
    return level == nil
      ? .untold("the token has the scope api; only a trigger would show its role in the project")
      : .allowed("allowed by the token's scope api and role; a protected branch may need more")
  }
}

private struct WireProject: Decodable, Sendable {
  struct Access: Decodable, Sendable { var access_level: Int? }

  struct Permissions: Decodable, Sendable {
    var project_access: Access?
    var group_access: Access?

    var level: Int? { [project_access, group_access].compactMap { $0?.access_level }.max() }
  }

  var builds_access_level: Lenient<String>?
  var permissions: Permissions?
}

private struct WireToken: Decodable, Sendable { var scopes: [String] }
