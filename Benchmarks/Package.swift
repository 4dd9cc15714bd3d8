// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6), .strictMemorySafety(), .treatAllWarnings(as: .error),
]

let package = Package(
  name: "Benchmarks",
  dependencies: [.package(name: "qfilters", path: "..")],
  targets: [
    .executableTarget(
      name: "kernels", dependencies: [.product(name: "Kernels", package: "qfilters")],
      swiftSettings: strict),
    .executableTarget(
      name: "shapes", dependencies: [.product(name: "Kernels", package: "qfilters")],
      swiftSettings: strict),
    .executableTarget(
      name: "codec",
      dependencies: [
        .product(name: "CacheCodec", package: "qfilters"),
        .product(name: "CacheFormat", package: "qfilters"),
      ], swiftSettings: strict),
  ]
)
