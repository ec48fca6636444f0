/// The version of this build, which a release's tag must match.
let version = "0.1.0"
