import PipelatchCore
import PipelatchVendors
import Testing

struct AlibabaProfileTests {
  private static let file = """
    {"current": "work", "meta_path": "", "profiles": [
      {"name": "default", "mode": "AK", "access_key_id": "id1", "access_key_secret": "s1",
       "sts_token": "", "region_id": "cn-hangzhou", "retry_timeout": 0},
      {"name": "work", "mode": "StsToken", "access_key_id": "id2", "access_key_secret": "s2",
       "sts_token": "t2"},
      {"name": "role", "mode": "RamRoleArn", "access_key_id": "id3", "access_key_secret": "s3"},
      {"name": "half", "mode": "StsToken", "access_key_id": "id4", "access_key_secret": "s4"}]}
    """

  @Test func `the current profile is taken`() throws {
    #expect(
      try AlibabaProfile.credential(in: Self.file)
        == .keys(id: "id2", secret: Secret("s2"), session: Secret("t2")))
  }

  @Test func `a profile that is named comes first`() throws {
    #expect(
      try AlibabaProfile.credential(in: Self.file, profile: "default")
        == .keys(id: "id1", secret: Secret("s1"), session: nil))
  }

  @Test(arguments: ["role", "half", "absent"])
  func `a profile that cannot be used is named, without its secret`(profile: String) throws {
    let failure = #expect(throws: Failure.self) {
      try AlibabaProfile.credential(in: Self.file, profile: profile)
    }
    #expect(failure?.kind == .notConfigured)
    #expect(failure?.what.contains("'\(profile)'") == true)
    #expect(failure?.sentence.contains("s3") == false)
  }

  @Test(arguments: ["", "{", "[]", #"{"profiles": null}"#])
  func `a file of another form is no profile`(text: String) throws {
    let failure = #expect(throws: Failure.self) { try AlibabaProfile.credential(in: text) }
    #expect(failure?.kind == .notConfigured)
  }
}
