import CacheCodec
import CacheFormat
import Foundation
import TestSupport
import Testing

@Suite("Commands that read a snapshot do with every conformance fixture what the format says")
struct ConformanceCommandTests {
  private struct Manifest: Decodable {
    struct Entry: Decodable {
      struct Zeros: Decodable {}
      let file: String
      let exitCode: Int32?
      let insertZeros: Zeros?
      let keys: [Zeros]?
    }
    let fixtures: [Entry]
  }

  /// Snapshots that are in the repository as they are, and need no key.
  private static func snapshots(_ group: String) throws -> [Manifest.Entry] {
    try Fixtures.json("conformance/\(group).json", as: Manifest.self).fixtures.filter {
      $0.file.hasSuffix(".kvsnap") && $0.insertZeros == nil && $0.keys == nil
    }
  }

  /// Layers of different shapes, and snapshots with different scales, are only read.
  private static func canBeWrittenAnew(_ chain: SnapshotChain) -> Bool {
    let contexts = chain.snapshots.map(\.metadata.context)
    return contexts.allSatisfy { $0.shapes == nil && $0.scales == contexts[0].scales }
  }

  private static func hasPrivateCodec(_ chain: SnapshotChain) -> Bool {
    chain.allTiers.contains { tier in
      [ChunkTable.Tensor.keys, .values].contains {
        chain.snapshots[tier.snapshot].codec(of: $0, tier: tier.tier).isPrivate
      }
    }
  }

  @Test(
    "valid files are recompressed, exported and drawn, or rejected for what they do not hold",
    .exhaustive)
  func valid() throws {
    let scratch = try ScratchFolder()
    let out = (
      scratch.path("out.kvsnap"), scratch.path("out.safetensors"), scratch.path("out.svg")
    )
    for entry in try Self.snapshots("valid") {
      let file = Fixtures.path("conformance/\(entry.file)")
      for arguments in [
        ["recompress", file, "--out", out.0],
        ["recompress", file, "--out", out.0, "--compression", "3"],
        ["recompress", file, "--out", out.0, "--method", "k-norm"],
        ["recompress", file, "--out", out.0, "--precision", "8:f16,int8"],
        ["export", file, out.1], ["export", file, out.1, "--compression", "8"],
        ["inspect", file, "--heatmap", out.2],
      ] {
        let result = try Command.run(arguments)
        #expect(result.signal == nil, "\(arguments): \(result.error)")
        // What is there is taken, but for a chain of several rankings or coded by a transform.
        let chain = try SnapshotChain(path: file)
        let isRanked = chain.metadata.tiers.isRanked
        let takesWhatIsThere = arguments.count == 4 && chain.snapshots.count == 1 && isRanked
        // What is not finite has neither codes nor a rank: 1.
        let needsNumbers = arguments.contains("--precision") || arguments.contains("--method")
        var allowed: [Int32] = takesWhatIsThere ? [0] : needsNumbers ? [0, 1, 64] : [0, 64]
        if arguments[0] == "recompress", !Self.canBeWrittenAnew(chain) { allowed = [1] }
        if Self.hasPrivateCodec(chain) { allowed.append(66) }
        // This one has no transform, and is valid.
        if entry.file == "valid/coded-not-stored.kvsnap", result.status == 66 { continue }
        #expect(allowed.contains(result.status), "\(arguments): \(result.error)")
        guard result.status == 0, arguments[0] == "recompress" else { continue }
        let verified = try Command.run("verify", out.0)
        #expect(verified.status == 0, "\(arguments): \(verified.error)")
      }
    }
  }

  @Test("keys and values of different types stay what they are", arguments: ["f16", "f32"])
  func mixedTypes(keys: String) throws {
    let scratch = try ScratchFolder()
    let values = keys == "f16" ? "f32" : "f16"
    let file = Fixtures.path("conformance/valid/keys-\(keys)-values-\(values).kvsnap")
    let out = scratch.path("out.kvsnap")
    for arguments in [[], ["--precision", "keys=\(keys)"], ["--precision", "values=\(values)"]] {
      let result = try Command.run(["recompress", file, "--out", out] + arguments)
      #expect(result.status == 0, "\(result.error)")
      let digests = try [file, out].map { try Command.run("verify", "--digests", $0).output }
      #expect(digests[0] == digests[1])
    }
    let refused = try Command.run(["recompress", file, "--out", out, "--precision", keys])
    #expect(refused.status == 64)
    #expect(refused.error.contains(values), "\(refused.error)")
  }

  @Test("what must be rejected is not recompressed, and nothing is left")
  func invalid() throws {
    let scratch = try ScratchFolder()
    for entry in try Self.snapshots("invalid") {
      let result = try Command.run(
        "recompress", Fixtures.path("conformance/\(entry.file)"), "--out",
        scratch.path("out.kvsnap"))
      #expect(result.signal == nil, "\(entry.file)")
      #expect(result.status == entry.exitCode ?? 65, "\(entry.file): \(result.error)")
      #expect(scratch.contents.isEmpty, "\(entry.file)")
    }
  }
}
