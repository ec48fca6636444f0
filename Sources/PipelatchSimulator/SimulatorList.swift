/// Every simulated vendor. A new one is one file and one word here.
public let simulators: [any Simulator.Type] = [
  YunxiaoSimulator.self, AliyunDevOpsSimulator.self, CodeArtsSimulator.self,
  CodeArtsRepoSimulator.self, DataWorksSimulator.self, GitHubSimulator.self, GitLabSimulator.self,
  BuildbotSimulator.self,
]

/// Nil where the vendor is not simulated.
public func simulator(named name: String) -> (any Simulator.Type)? {
  simulators.first { $0.name == name }
}
