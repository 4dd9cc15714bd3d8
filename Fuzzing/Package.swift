// swift-tools-version: 6.2
import PackageDescription

// Build with `--sanitize fuzzer`, as `Fuzzing/run` does: the sanitizer instruments the readers for
// coverage and brings libFuzzer's `main`.

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// One reader's fuzzer: a single file without a `main`, which the compiler would take for a script.
func fuzzer(_ name: String, reading products: [String], _ own: Target.Dependency...) -> Target {
  .executableTarget(
    name: name,
    dependencies: ["Harness"] + own + products.map { .product(name: $0, package: "qfilters") },
    swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])])
}

let package = Package(
  name: "Fuzzing",
  dependencies: [.package(name: "qfilters", path: "..")],
  targets: [
    .target(name: "CFuzzing", linkerSettings: [.linkedLibrary("zstd")]),
    .target(name: "Harness", dependencies: ["CFuzzing"], swiftSettings: strict),
    .target(
      name: "Mutation",
      dependencies: ["CFuzzing", .product(name: "ModelReaders", package: "qfilters")],
      swiftSettings: strict),
    .target(
      name: "TokenizerPromises",
      dependencies: ["Harness", .product(name: "ModelReaders", package: "qfilters")],
      swiftSettings: strict),
    fuzzer("FuzzFilterBank", reading: ["QFilters", "CacheFormat", "ModelReaders"], "Mutation"),
    fuzzer("FuzzSnapshot", reading: ["CacheCodec", "CacheFormat", "ModelReaders"], "Mutation"),
    fuzzer("FuzzStatistics", reading: ["QFilters", "CacheFormat", "ModelReaders"], "Mutation"),
    fuzzer(
      "FuzzTransform", reading: ["CacheCodec", "CacheFormat", "ModelReaders", "QFilters"],
      "Mutation"),
    fuzzer("FuzzGGUF", reading: ["ModelReaders"], "Mutation"),
    fuzzer("FuzzSafetensors", reading: ["ModelReaders"], "Mutation"),
    fuzzer("FuzzTokenizer", reading: ["ModelReaders"], "Mutation", "TokenizerPromises"),
    fuzzer("FuzzTokenizerFile", reading: ["ModelReaders"], "TokenizerPromises"),
  ]
)
