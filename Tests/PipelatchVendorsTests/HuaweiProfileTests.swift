import PipelatchCore
import PipelatchVendors
import Testing

struct HuaweiProfileTests {
  @Test func `keys of the basic section are taken before those of the global one`() throws {
    let text = """
      # written by hand
      [global]
      ak = gid
      sk = gsecret

      [basic]
      AK=bid
      sk : b=secret==
      security_token = tok/+=
      project_id = 0123
      """
    let credential = try HuaweiProfile.credential(in: text)
    #expect(
      credential == .keys(id: "bid", secret: Secret("b=secret=="), session: Secret("tok/+=")))
  }

  @Test func `keys of the global section serve where they are alone`() throws {
    let credential = try HuaweiProfile.credential(in: "[global]\r\nak = gid\r\nsk = gsecret\r\n")
    #expect(credential == .keys(id: "gid", secret: Secret("gsecret"), session: nil))
  }

  @Test(arguments: ["", "[basic]\nak = only\n", "[other]\nak = a\nsk = b\n", "ak = a\nsk = b"])
  func `a file without keys is not configured and the variables are named`(text: String) {
    let failure = #expect(throws: Failure.self) { try HuaweiProfile.credential(in: text) }
    #expect(failure?.kind == .notConfigured)
    #expect(failure?.remedy?.contains("HUAWEICLOUD_SDK_AK") == true)
  }
}
