// swift-tools-version: 6.2
import PackageDescription

// One constant for every target, so that no room is held to a weaker rule than its neighbour.
let house: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "pipelatch",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "pipelatch", targets: ["pipelatch"]),
    .executable(name: "pipelatch-bench", targets: ["pipelatch-bench"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/apple/swift-numerics", exact: "1.1.1"),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
    .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
  ],
  targets: [
    .target(
      name: "PipelatchCore",
      dependencies: [.product(name: "RealModule", package: "swift-numerics")],
      swiftSettings: house),
    .target(
      name: "PipelatchVendors",
      dependencies: ["PipelatchCore", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: house),
    .target(
      name: "PipelatchSimulator",
      dependencies: [
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: house),
    .target(name: "CStart"),
    .executableTarget(
      name: "pipelatch",
      dependencies: [
        "CStart",
        "PipelatchCore", "PipelatchVendors", "PipelatchSimulator",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTPCompression", package: "swift-nio-extras"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      swiftSettings: house),
    .executableTarget(
      name: "pipelatch-bench",
      dependencies: [
        "PipelatchCore",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "RealModule", package: "swift-numerics"),
      ],
      swiftSettings: house),
    .testTarget(
      name: "PipelatchCoreTests", dependencies: ["PipelatchCore"], swiftSettings: house),
    .testTarget(
      name: "PipelatchBenchTests",
      dependencies: [
        "pipelatch-bench", "PipelatchCore", .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: house),
    .testTarget(
      name: "PipelatchVendorsTests", dependencies: ["PipelatchCore", "PipelatchVendors"],
      swiftSettings: house),
    .testTarget(
      name: "PipelatchSimulatorTests",
      dependencies: ["PipelatchCore", "PipelatchVendors", "PipelatchSimulator"],
      swiftSettings: house),
    .testTarget(
      name: "PipelatchTests", dependencies: ["pipelatch", "PipelatchCore", "PipelatchVendors"],
      swiftSettings: house),
    .testTarget(
      name: "HouseTests", dependencies: ["PipelatchCore", "PipelatchVendors"],
      swiftSettings: house),
  ]
)
