import Foundation
public import Testing

/// The real models and the essays, which `make` fetches into the folder `QFILTERS_CACHE`.
public enum Demo {
  private static let environment = ProcessInfo.processInfo.environment
  private static let cache = environment["QFILTERS_CACHE"] ?? "/nonexistent"

  /// Whether tests of real models run: `QFILTERS_QUICK=1` skips them.
  fileprivate static let isTested = environment["QFILTERS_QUICK"] != "1"

  /// SmolLM2-135M-Instruct in Q4_1.
  public static let model = cache + "/SmolLM2-135M-Instruct.Q4_1.gguf"

  /// Gemma 3 270M in Q4_K_M: matrices of Q4_K, Q5_0, Q6_K and Q8_0.
  public static let gemma = cache + "/gemma-3-270m-q4_k_m.gguf"

  /// A folder for files that tests share: each run makes them anew, and they stay until the next.
  public static func sharedFolder() throws -> String {
    let temporary = FileManager.default.temporaryDirectory.path + "/qfilters"
    let folder = (environment["QFILTERS_CACHE"] ?? temporary) + "/tests"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    return folder
  }

  /// The haystack's essays in order of file names.
  public static func essays() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: cache + "/essays").filter {
      $0.hasSuffix(".txt")
    }
    .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { cache + "/essays/" + $0 }
  }

  /// One essay's path.
  public static func essay(_ name: String) -> String { cache + "/essays/\(name).txt" }
}

extension Trait where Self == ConditionTrait {
  /// For tests of every byte, system call or fixture, which take ten seconds and more each: they
  /// are skipped where `QFILTERS_QUICK=1` is set.
  public static var exhaustive: Self {
    .enabled(if: Demo.isTested, "takes long; QFILTERS_QUICK skips it")
  }

  /// For tests that need a real model: they are skipped where `QFILTERS_QUICK=1` is set.
  public static var realModel: Self {
    .enabled(if: Demo.isTested, "needs a real model; QFILTERS_QUICK skips it")
  }
}
