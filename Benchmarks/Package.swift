// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Benchmarks",
  dependencies: [.package(name: "qfilters", path: "..")],
  targets: [
    .executableTarget(
      name: "kernels", dependencies: [.product(name: "Kernels", package: "qfilters")],
      swiftSettings: [
        .swiftLanguageMode(.v6), .strictMemorySafety(), .treatAllWarnings(as: .error),
      ])
  ]
)
