import PipelatchCore

/// The kinds of token that GitLab knows, and what the lesser ones may not do.
/// https://docs.gitlab.com/security/tokens/
enum GitLabPass {
  /// A personal, project or group access token.
  case access
  case oauth
  /// `CI_JOB_TOKEN`: https://docs.gitlab.com/ci/jobs/ci_job_token/
  case job
  /// A pipeline trigger token, which can do nothing but start.
  case trigger
  case none

  init(_ credential: Credential) {
    guard case .token(let secret, let source) = credential else {
      self = .none
      return
    }
    let token = secret.revealed()
    if source == "CI_JOB_TOKEN" || token.hasPrefix("glcbt-") {
      self = .job
    } else if token.hasPrefix("glptt-") {
      self = .trigger
    } else {
      // An OAuth token has no prefix but always this form, which no access token has.
      self = token.utf8.count == 64 && token.allSatisfy(\.isHexDigit) ? .oauth : .access
    }
  }

  /// Whether runs are started at the trigger endpoint, where the token is a parameter.
  var triggers: Bool {
    switch self {
    case .job, .trigger: true
    case .access, .oauth, .none: false
    }
  }

  /// Puts the token where GitLab looks for one of its kind.
  func show(_ token: Secret, on request: inout Request) {
    if triggers, request.path.hasSuffix("/trigger/pipeline") {
      request.body += Array("&token=\(token.revealed().percentEncoded)".utf8)
      return
    }
    switch self {
    case .access: request.set("PRIVATE-TOKEN", token.revealed())
    case .oauth: request.set("Authorization", "Bearer \(token.revealed())")
    case .job: request.set("JOB-TOKEN", token.revealed())
    case .trigger, .none: break
    }
  }

  /// What to do about an answer that says no; nil where the common words are enough.
  func remedy(_ status: Int) -> String? {
    switch (self, status) {
    case (.job, 401), (.job, 403), (.job, 404):
      "CI_JOB_TOKEN is good while its job runs, in its own project and in those that list it under"
        + " Settings > CI/CD > Job token permissions. It may start pipelines everywhere, read jobs"
        + " from GitLab 18 on and read pipelines only on the newest servers. It may never create a"
        + " pipeline other than by trigger, cancel, retry, or read variables or a job's trace."
        + " Set GITLAB_TOKEN to an access token with the scope read_api to wait, api to trigger"
    case (.trigger, 401), (.trigger, 403), (.trigger, 404):
      "A pipeline trigger token can start pipelines of its project and nothing else. Add --no-wait,"
        + " or set GITLAB_TOKEN to an access token with the scope api"
    case (.access, 401), (.oauth, 401), (.access, 403), (.oauth, 403):
      "The token needs the scope api (read_api is enough to wait) and a role in the project that"
        + " may do this: Developer to trigger on an unprotected branch"
    case (.access, 404), (.oauth, 404), (.none, 404):
      "GitLab also says this of what the token may not see: check the target and the token's role"
    default: nil
    }
  }

  /// Throws `.refused`, before anything is sent, where a token of this kind can never do it.
  func may(_ deed: String) throws(Failure) {
    let name: String
    switch self {
    case .job: name = "CI_JOB_TOKEN"
    case .trigger: name = "a pipeline trigger token"
    case .access, .oauth, .none: return
    }
    throw Failure(
      .refused, "\(name) may not \(deed)",
      remedy: "Set GITLAB_TOKEN to an access token with the scope api")
  }
}
