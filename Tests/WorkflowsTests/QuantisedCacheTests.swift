import CacheCodec
import CacheFormat
import Inference
import QFilters
import TestSupport
import Testing

@testable import Workflows

@Suite("A compressed cache stays in the file's precision in memory", .serialized)
struct QuantisedCacheTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private static let precisions = [
    "int8", "int4", "8:f16,int4", "keys=int8", "keys=int4,values=int8", "4:bf16,2:int8,int4",
  ]

  /// A model and a snapshot that it made.
  private struct Context {
    let model: LoadedModel
    let chain: SnapshotChain
    let tokens: Int

    init(_ path: String, text: [UInt8], precision: Precision, to snapshot: String) throws {
      model = try LoadedModel(path: path)
      var options = NewSnapshot.Options()
      options.precision = precision
      (options.retention.sinks, options.retention.window) = (2, 6)
      let made = try Prefill.run(
        model, scorer: .keys(KNormScorer()), text: text, options: options, out: snapshot
      ) { _, _, _ in }
      tokens = made.tokens
      chain = try SnapshotChain(path: snapshot)
    }

    /// What ×`compression` keeps of the tokens before `end`, with room for 40 more.
    func cache(compression: Int, before end: Int, isDecoded: Bool) throws -> KVCache {
      let plan = try CachePlan(chain, compression: compression, isDecoded: isDecoded)
      let cache = try plan.emptyCache(shape: model.engine.cacheShape, room: 40)
      var decoder = LayerDecoder(chain)
      for layer in 0..<cache.shape.layers {
        try plan.load(layer: layer, before: end, into: cache, with: &decoder)
      }
      cache.continue(at: end)
      return cache
    }
  }

  /// Each of a head's pairs as its bytes, in no order of their own.
  private func pairs(_ cache: KVCache, _ layer: Int, _ head: Int) -> [[UInt8]] {
    (0..<UInt32(cache.count(layer: layer, head: head))).map { pair in
      var (key, value): ([UInt8], [UInt8]) = ([], [])
      cache.gather(layer: layer, head: head, pairs: [pair], keys: &key, values: &value)
      return key + value
    }.sorted { $0.lexicographicallyPrecedes($1) }
  }

  private func expectSame(
    _ context: Context, compression: Int, tolerance: Float, _ what: Comment
  ) throws {
    // The last tokens are dropped, as if a prompt's first token replaced them.
    let end = context.tokens - 3
    let held = try context.cache(compression: compression, before: end, isDecoded: false)
    let decoded = try context.cache(compression: compression, before: end, isDecoded: true)
    #expect(held.pairs == decoded.pairs, what)
    for head in 0..<held.shape.kvHeads {
      let layer = held.shape.layers - 1
      #expect(pairs(held, layer, head) == pairs(decoded, layer, head), what)
    }
    // Several tokens at once and then one by one, which are computed each in its own way.
    for tokens in [[5, 6, 7, 8, 9, 10], [11], [12, 13]] {
      let a = try context.model.engine.prefill(tokens, into: held)
      let b = try context.model.engine.prefill(tokens, into: decoded)
      let worst = zip(a, b).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
      #expect(worst < tolerance, what)
    }
    #expect(held.nextPosition == end + 9)
  }

  @Test(
    "attention to codes gives what attention to the decoded cache does, for all kinds of layers",
    arguments: ["tiny-llama-f32", "tiny-gemma3", "tiny-gemma2", "tiny-qwen2-window"], precisions)
  func tiny(name: String, precision: String) throws {
    let line = "A line of text to be kept, and then some more of it, so that it is long.\n"
    let context = try Context(
      Fixtures.path("models/\(name)"), text: Array(String(repeating: line, count: 5).utf8),
      precision: try Precision(precision), to: scratch.path("s.kvsnap"))
    for compression in [1, 2, 3, 8] {
      try expectSame(
        context, compression: compression, tolerance: 1e-3, "\(name), \(precision), ×\(compression)"
      )
    }
  }

  @Test("so it does on a real essay, in little more memory than its codes take", .realModel)
  func real() throws {
    let text = Array(try bytes(of: Demo.essay("love")).prefix(6_000))
    for (precision, bytesAPair) in [("int8", 160), ("int4", 96)] {
      let context = try Context(
        Demo.model, text: text, precision: try Precision(precision),
        to: scratch.path("s.kvsnap"))
      for compression in [1, 8] {
        try expectSame(
          context, compression: compression, tolerance: 2e-2, "\(precision), ×\(compression)")
        let cache = try context.cache(
          compression: compression, before: context.tokens, isDecoded: false)
        #expect(cache.bytes < cache.pairs * bytesAPair, "\(precision), ×\(compression)")
        #expect(cache.bytes > cache.pairs * (bytesAPair - 16), "\(precision), ×\(compression)")
      }
    }
  }
}
