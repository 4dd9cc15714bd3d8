// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
]

let package = Package(
  name: "qfilters",
  products: [
    .library(name: "CacheFormat", targets: ["CacheFormat"]),
    .library(name: "CacheCodec", targets: ["CacheCodec"]),
    .library(name: "QFilters", targets: ["QFilters"]),
    .executable(name: "qfilters", targets: ["qfilters"]),
    // For the nested packages Fuzzing and Benchmarks, which can depend on nothing but products; no
    // promise to others.
    .library(name: "ModelReaders", targets: ["ByteIO", "ModelFiles", "Tokenization"]),
    .library(name: "Kernels", targets: ["CKernels"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", .upToNextMinor(from: "1.8.0")),
    .package(
      url: "https://github.com/swiftlang/swift-subprocess", .upToNextMinor(from: "1.0.2"),
      traits: []),
    .package(url: "https://github.com/apple/swift-system", .upToNextMinor(from: "1.8.1")),
  ],
  targets: [
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
    .systemLibrary(name: "CLibCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CKernels"),
    .target(name: "CFaults"),
    .target(name: "CExhaustion", dependencies: ["CFaults"]),

    .target(
      name: "ByteIO", dependencies: ["CFaults", "CXXHash", "CLibCrypto"], swiftSettings: strict),
    .target(name: "CacheFormat", dependencies: ["ByteIO"], swiftSettings: strict),
    .target(
      name: "CacheCodec", dependencies: ["CacheFormat", "ByteIO", "CZstd", "CKernels"],
      swiftSettings: strict),
    .target(name: "ModelFiles", dependencies: ["ByteIO"], swiftSettings: strict),
    .target(name: "Tokenization", swiftSettings: strict),
    .target(
      name: "Inference", dependencies: ["ModelFiles", "CKernels", "COpenBLAS"],
      swiftSettings: strict),
    .target(
      name: "QFilters", dependencies: ["CacheFormat", "ByteIO", "COpenBLAS"],
      swiftSettings: strict),
    .target(
      name: "Workflows",
      dependencies: [
        "Inference", "QFilters", "CacheCodec", "CacheFormat", "ModelFiles", "Tokenization",
        "ByteIO", .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "qfilters",
      dependencies: [
        "Workflows", "ByteIO", "CacheCodec", "CacheFormat", "CExhaustion", "Inference",
        "ModelFiles", "QFilters", "Tokenization",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    .target(
      name: "TestSupport", dependencies: ["CXXHash"], path: "Tests/TestSupport",
      swiftSettings: strict),
    .testTarget(
      name: "CacheCodecTests",
      dependencies: ["CacheCodec", "CacheFormat", "ByteIO", "CKernels", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "ByteIOTests", dependencies: ["ByteIO", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "CacheFormatTests", dependencies: ["CacheFormat", "ByteIO", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "CommandLineTests",
      dependencies: [
        "qfilters", "Workflows", "Tokenization", "QFilters", "CacheCodec", "CacheFormat", "ByteIO",
        "COpenBLAS", "Inference", "TestSupport",
      ], swiftSettings: strict),
    .testTarget(
      name: "ModelFilesTests", dependencies: ["ModelFiles", "ByteIO", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "QFiltersTests", dependencies: ["QFilters", "CacheFormat", "ByteIO", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "InferenceTests",
      dependencies: ["Inference", "ModelFiles", "ByteIO", "CKernels", "COpenBLAS", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "TokenizationTests", dependencies: ["Tokenization"], swiftSettings: strict),
  ]
)
