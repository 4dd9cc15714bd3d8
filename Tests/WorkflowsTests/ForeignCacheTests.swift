import ByteIO
import CacheCodec
import CacheFormat
import Inference
import ModelFiles
import QFilters
import TestSupport
import Testing

@testable import Workflows

@Suite("Caches of other engines")
struct ForeignCacheTests {
  private static let llama = Fixtures.path("models/tiny-llama-f32.gguf")
  private static let gemma = Fixtures.path("models/tiny-gemma3.gguf")
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func fixture(_ name: String) -> String { Fixtures.path("exchange/\(name)") }

  private func importing(
    _ path: String, _ model: LoadedModel, tokens: SuppliedTokens? = nil,
    scorer: ScorerSource = .keys(KNormScorer()), to name: String = "made.kvsnap"
  ) throws -> CacheImport.Result {
    try CacheImport.run(
      path, model, tokens: tokens, scorer: scorer, options: NewSnapshot.Options(),
      out: scratch.path(name)
    ) { _, _, _ in }
  }

  @Test(
    "what another engine saved is what the model computes, to its own rounding",
    arguments: [
      ("llama-sequence-f16.bin", llama, ForeignFormat.llamaSequence, Float(2e-3)),
      ("llama-session-transposed.bin", llama, .llamaSession, 1e-4),
      ("gemma3-session.bin", gemma, .llamaSession, 3e-2),
      ("mlx.safetensors", llama, .mlx, 1e-4),
      ("transformers.safetensors", llama, .tensors, 1e-4),
    ])
  func imported(name: String, model: String, format: ForeignFormat, off: Float) throws {
    let model = try LoadedModel(path: model)
    let result = try importing(fixture(name), model)
    #expect(result.format == format)
    #expect(result.tokens == 40)
    #expect(result.difference < off, "\(result.difference)")
    let chain = try SnapshotChain(path: scratch.path("made.kvsnap"))
    #expect(chain.isWhole)
    #expect(chain.metadata.identity.values == model.identity)
    #expect(chain.metadata.provenance.contains(#""importedFrom":"\#(format.rawValue)""#))
  }

  @Test("a file of another model, and one with other tokens, are identity mismatches")
  func others() throws {
    let other = try LoadedModel(path: Fixtures.path("models/tiny-llama-q4_0.gguf"))
    let model = try LoadedModel(path: Self.llama)
    #expect(throws: (any Error).self) { try importing(fixture("gemma3-session.bin"), model) }
    var file = try bytes(of: fixture("llama-sequence-f16.bin"))
    // The seventh token.
    file[12 + 4 * 6] ^= 1
    let changed = try scratch.write("tokens.bin", file)
    #expect(category { try importing(changed, model) } == .identity)
    #expect(
      category { try importing(fixture("gemma3-session.bin"), model) } == .identity)
    #expect(category { try importing(fixture("mlx.safetensors"), other) } == .identity)
  }

  @Test("a windowed cache without its first tokens is rejected by name")
  func windowed() throws {
    let model = try LoadedModel(path: Self.gemma)
    let error = #expect(throws: ForeignCacheError.self) {
      try importing(fixture("gemma3-sequence.bin"), model)
    }
    #expect(error?.description.contains("which has a window, holds the pairs of only") == true)
    #expect(error?.category == .other)
  }

  @Test("methods that look at queries are rejected; the repeat pass is not")
  func methods() throws {
    let model = try LoadedModel(path: Self.llama)
    let file = fixture("llama-sequence-f16.bin")
    for source in [ScorerSource.snapKV, .expectedAttention] {
      #expect(throws: QueriesNotStored.self) { try importing(file, model, scorer: source) }
    }
    _ = try importing(file, model, scorer: .kvzip)
  }

  @Test("tokens are needed once: from the file or from the caller, and as many as there are pairs")
  func tokens() throws {
    let model = try LoadedModel(path: Self.llama)
    let ids = try scratch.write("ids.json", Array("[1, 2, 3]".utf8))
    let known = fixture("llama-sequence-f16.bin")
    #expect(category { try importing(known, model, tokens: .ids(path: ids)) } == .usage)
    var file = try bytes(of: known)
    file.replaceSubrange(8..<12 + 4 * 40, with: [0, 0, 0, 0])
    let without = try scratch.write("without.bin", file)
    #expect(category { try importing(without, model) } == .usage)
    #expect(category { try importing(without, model, tokens: .ids(path: ids)) } == .usage)
  }

  @Test("prefill, export, import: the same cache, for each engine")
  func roundTrips() throws {
    // The second text is not longer than the model's window.
    for (path, text) in [(Self.llama, "A text of a few tokens."), (Self.gemma, "A text")] {
      let model = try LoadedModel(path: path)
      let first = scratch.path("first.kvsnap")
      _ = try Prefill.run(
        model, scorer: .keys(KNormScorer()), text: Array(text.utf8),
        options: NewSnapshot.Options(), out: first
      ) { _, _, _ in }
      let original = try SnapshotChain(path: first)
      for engine in [EngineExport.Engine.llama, .mlx] {
        let file = scratch.path("file.safetensors")
        let size = try EngineExport.run(
          snapshot: first, with: Companions(), for: engine, model, out: file)
        #expect(try bytes(of: file).count == Int(size))
        _ = try importing(file, model, to: "again.kvsnap")
        try expectEqual(original, try SnapshotChain(path: scratch.path("again.kvsnap")))
      }
      let file = scratch.path("plain.safetensors")
      _ = try SnapshotExport.run(
        snapshot: first, with: Companions(), compression: nil, out: file)
      _ = try importing(file, model, to: "again.kvsnap")
      try expectEqual(original, try SnapshotChain(path: scratch.path("again.kvsnap")))
    }
  }

  private func expectEqual(_ a: SnapshotChain, _ b: SnapshotChain) throws {
    #expect(a.metadata.tokens == b.metadata.tokens)
    #expect(a.metadata.context == b.metadata.context)
    for layer in 0..<a.metadata.context.layers {
      #expect(
        try a.readLayer(layer, compression: nil) == b.readLayer(layer, compression: nil))
    }
  }

  @Test(
    "a file that is cut is rejected, and a changed byte before the numbers is so or is harmless")
  func hostile() throws {
    let cases = [
      ("llama-sequence-f16.bin", Self.llama, 700, 1), ("gemma3-session.bin", Self.gemma, 700, 3),
      ("mlx.safetensors", Self.llama, 900, 13), ("transformers.safetensors", Self.llama, 700, 5),
    ]
    for (name, path, head, step) in cases {
      let model = try LoadedModel(path: path).engine.architecture
      let whole = try bytes(of: fixture(name))
      let lengths =
        Array(stride(from: 0, to: head, by: step))
        + [Int](stride(from: head, to: whole.count, by: 499))
      for length in lengths {
        let cut = try scratch.write("cut", whole.prefix(length))
        let found = category { try ForeignCache(path: cut, of: model) }
        #expect(found != nil, "\(name) cut at \(length)")
      }
      for place in stride(from: 0, to: head, by: step) {
        for bits in [UInt8(0xFF), 0x01] {
          var changed = whole
          changed[place] ^= bits
          let path = try scratch.write("changed", changed)
          do {
            try readAll(ForeignCache(path: path, of: model), model.kvHeads)
          } catch { #expect(error is any CategorisedError, "\(name), byte \(place): \(error)") }
        }
      }
    }
  }

  private func readAll(_ cache: ForeignCache, _ heads: Int) throws {
    for layer in cache.layers {
      for rows in [layer.keys, layer.values] {
        for head in 0..<heads {
          _ = try rows.floats(head: head, count: cache.length, in: cache.file, section: "rows")
        }
      }
    }
  }

  private func category(_ body: () throws -> Any) -> FailureCategory? {
    do {
      _ = try body()
      return nil
    } catch { return (error as? any CategorisedError)?.category }
  }
}
