public import PipelatchCore

/// Every vendor, in the order of the tables. A new one is one file and one word here.
public let vendors: [any Vendor.Type] = [
  Yunxiao.self, AliyunDevOps.self, CodeArts.self, CodeArtsRepo.self, DataWorks.self, GitHub.self,
  GitLab.self, Buildbot.self,
]

/// Throws `.usage`, naming the vendors there are.
public func vendor(named name: String) throws(Failure) -> any Vendor.Type {
  if let vendor = vendors.first(where: { $0.card.name == name }) { return vendor }
  let names = vendors.map { $0.card.name }.joined(separator: ", ")
  throw Failure(.usage, "there is no vendor '\(name)'", remedy: "There are: \(names)")
}
