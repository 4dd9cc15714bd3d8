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

/// A Swift library in `Sources/<group>/<name>`.
func swift(
  _ path: String, _ dependencies: [Target.Dependency], resources: [Resource] = []
) -> Target {
  .target(
    name: String(path.drop { $0 != "/" }.dropFirst()), dependencies: dependencies,
    path: "Sources/" + path, resources: resources, swiftSettings: strict)
}

let package = Package(
  name: "qfilters",
  products: [
    .library(name: "CacheFormat", targets: ["CacheFormat"]),
    .library(name: "CacheCodec", targets: ["CacheCodec"]),
    .library(name: "QFilters", targets: ["QFilters"]),
    .library(name: "KVSnap", targets: ["KVSnap"]),
    // `make libkvsnap` links its objects into a library without Swift's own ones.
    .library(name: "kvsnap-objects", type: .static, targets: ["KVSnapC"]),
    .executable(name: "qfilters", targets: ["QFiltersCLI"]),
    .executable(name: "qfilters-serve", targets: ["QFiltersServe"]),
    // For the nested packages Fuzzing and Benchmarks, which can depend on nothing but products; no
    // promise to others.
    .library(
      name: "ModelReaders", targets: ["ByteIO", "ModelFiles", "Tokenization", "Transforms"]),
    .library(name: "Kernels", targets: ["CISA", "CCodecKernels", "CInferenceKernels"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", .upToNextMinor(from: "1.8.0")),
    .package(
      url: "https://github.com/swiftlang/swift-subprocess", .upToNextMinor(from: "1.0.2"),
      traits: []),
    .package(url: "https://github.com/apple/swift-system", .upToNextMinor(from: "1.8.1")),
    // The server's; the command line links none of them.
    .package(
      url: "https://github.com/hummingbird-project/hummingbird", .upToNextMinor(from: "2.28.1"),
      traits: []),
    .package(url: "https://github.com/apple/swift-http-types", .upToNextMinor(from: "1.8.0")),
    .package(url: "https://github.com/apple/swift-log", .upToNextMinor(from: "1.16.2")),
    .package(url: "https://github.com/apple/swift-metrics", .upToNextMinor(from: "2.13.0")),
    .package(url: "https://github.com/apple/swift-nio", .upToNextMinor(from: "2.101.2")),
    .package(
      url: "https://github.com/swift-server/swift-service-lifecycle",
      .upToNextMinor(from: "2.13.0")),
  ],
  targets: [
    // C: borders to libraries, and loops that Swift cannot vectorise.
    .systemLibrary(
      name: "CZstd", path: "Sources/C/CZstd", pkgConfig: "libzstd",
      providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(
      name: "CXXHash", path: "Sources/C/CXXHash", pkgConfig: "libxxhash",
      providers: [.apt(["libxxhash-dev"])]),
    .systemLibrary(
      name: "CLibCrypto", path: "Sources/C/CLibCrypto", pkgConfig: "libcrypto",
      providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
      // Not by pkg-config: its file has a flag of shared libraries, which SwiftPM warns about.
      name: "CUTF8Proc", path: "Sources/C/CUTF8Proc", providers: [.apt(["libutf8proc-dev"])]),
    .target(
      name: "COpenBLAS", path: "Sources/C/COpenBLAS", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CCurl", path: "Sources/C/CCurl", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CISA", path: "Sources/C/CISA"),
    .target(name: "CCodecKernels", dependencies: ["CISA"], path: "Sources/C/CCodecKernels"),
    .target(name: "CInferenceKernels", dependencies: ["CISA"], path: "Sources/C/CInferenceKernels"),
    .target(name: "CKVSnap", path: "Sources/C/CKVSnap"),
    .target(name: "CFaults", path: "Sources/C/CFaults"),
    .target(
      name: "CLineEditor", path: "Sources/C/CLineEditor", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CExhaustion", dependencies: ["CFaults"], path: "Sources/C/CExhaustion"),

    // Format: files, the container, tensors to chunks and back.
    swift("Format/Platform", []),
    swift("Format/ByteIO", ["Platform", "CCurl", "CFaults", "CXXHash", "CLibCrypto"]),
    swift("Format/CacheFormat", ["ByteIO", "Platform"]),
    swift(
      "Format/CacheCodec",
      ["CacheFormat", "ByteIO", "Platform", "CZstd", "CISA", "CCodecKernels"]),

    // Method: filters, scores, ranking; transforms.
    swift("Method/QFilters", ["CacheFormat", "ByteIO", "Platform", "COpenBLAS"]),
    swift("Method/Transforms", ["QFilters", "CacheFormat", "ByteIO", "Platform"]),

    // Library: snapshots for other programs, in Swift and in C.
    swift("Library/KVSnap", ["QFilters", "CacheCodec", "CacheFormat", "ByteIO"]),
    swift("Library/KVSnapC", ["KVSnap", "CKVSnap"]),

    // Engine: a model's files, its tokens, its forward pass.
    // The known chat templates become a part of the program, which stays one file.
    swift(
      "Engine/Tokenization", ["ByteIO", "CUTF8Proc"], resources: [.embedInCode("Chat/Templates")]),
    swift("Engine/ModelFiles", ["Tokenization", "ByteIO", "Platform"]),
    swift(
      "Engine/Inference",
      ["ModelFiles", "ByteIO", "Platform", "CISA", "CInferenceKernels", "COpenBLAS"]),

    // App: where the engine and the codec meet.
    swift(
      "App/Workflows",
      [
        "Inference", "Transforms", "QFilters", "CacheCodec", "CacheFormat", "ModelFiles",
        "Tokenization", "ByteIO", "Platform",
      ]),
    swift(
      "App/Evaluation",
      [
        "Workflows", "Inference", "QFilters", "CacheCodec", "CacheFormat", "ModelFiles",
        "Tokenization", "ByteIO", "Platform",
      ]),
    swift(
      "App/Conformance",
      [
        "CacheFormat", "ByteIO", .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    swift(
      "App/Reports",
      [
        "Evaluation", "Workflows", "Transforms", "QFilters", "CacheCodec", "CacheFormat", "ByteIO",
        "Platform",
      ]),
    swift(
      "App/ServeArguments",
      ["ByteIO", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
    .executableTarget(
      name: "QFiltersCLI",
      dependencies: [
        "Reports", "Evaluation", "Conformance", "Workflows", "ByteIO", "CacheCodec", "CacheFormat",
        "CExhaustion", "CLineEditor", "Inference", "Platform", "QFilters", "ServeArguments",
        "Tokenization", "Transforms",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/App/QFiltersCLI", swiftSettings: strict),
    // Apart from the command line, which builds and links without it.
    swift(
      "App/Server",
      [
        "Reports", "Workflows", "Inference", "ModelFiles", "QFilters", "CacheCodec", "CacheFormat",
        "ByteIO", "Platform",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ], resources: [.embedInCode("Page")]),
    .executableTarget(
      name: "QFiltersServe",
      dependencies: [
        "Server", "ServeArguments", "Reports", "ByteIO", "CExhaustion", "Inference", "Platform",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/App/QFiltersServe", swiftSettings: strict),

    // The programs of the README.
    .executableTarget(
      name: "ReadExample", dependencies: ["KVSnap"], path: "Examples/Swift",
      swiftSettings: strict),

    .target(
      name: "TestSupport", dependencies: ["ByteIO", "CXXHash"], path: "Tests/TestSupport",
      swiftSettings: strict),
    .target(
      name: "SampleSnapshots", dependencies: ["CacheCodec", "CacheFormat", "TestSupport"],
      path: "Tests/SampleSnapshots", swiftSettings: strict),
    .testTarget(
      name: "CacheCodecTests",
      dependencies: [
        "CacheCodec", "CacheFormat", "ByteIO", "CISA", "CCodecKernels", "SampleSnapshots",
        "TestSupport",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "KVSnapTests", dependencies: ["KVSnap", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "ByteIOTests", dependencies: ["ByteIO", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "CacheFormatTests", dependencies: ["CacheFormat", "ByteIO", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "CommandLineTests",
      dependencies: [
        "QFiltersCLI", "Reports", "Evaluation", "Workflows", "Tokenization",
        "QFilters", "CacheCodec", "CacheFormat", "ByteIO", "COpenBLAS", "Inference", "TestSupport",
      ], exclude: ["Store/typed_chat.py"], swiftSettings: strict),
    .testTarget(
      name: "WorkflowsTests",
      dependencies: [
        "Workflows", "Inference", "QFilters", "CacheCodec", "CacheFormat", "ModelFiles",
        "Tokenization", "ByteIO", "TestSupport",
      ], swiftSettings: strict),
    .testTarget(
      name: "EvaluationTests",
      dependencies: ["Evaluation", "Workflows", "Inference", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "ConformanceTests", dependencies: ["Conformance", "ByteIO", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "ReportsTests",
      dependencies: ["Reports", "CacheCodec", "CacheFormat", "SampleSnapshots", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "ModelFilesTests",
      dependencies: ["ModelFiles", "Tokenization", "ByteIO", "TestSupport"], swiftSettings: strict),
    .testTarget(
      name: "QFiltersTests", dependencies: ["QFilters", "CacheFormat", "ByteIO", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "TransformsTests",
      dependencies: ["Transforms", "QFilters", "CacheFormat", "ByteIO", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "InferenceTests",
      dependencies: [
        "Inference", "ModelFiles", "ByteIO", "CISA", "CInferenceKernels", "COpenBLAS",
        "TestSupport",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "ServerTests",
      dependencies: [
        "Server", "QFiltersServe", "ServeArguments", "Workflows", "Inference", "CacheFormat",
        "ByteIO",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "NIOCore", package: "swift-nio"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "TokenizationTests", dependencies: ["Tokenization", "TestSupport"],
      swiftSettings: strict),
  ]
)
