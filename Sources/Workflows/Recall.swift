import Inference
import QFilters

/// Prefills a question against a whole stored context, one layer in memory at a time; of each layer it
/// keeps what ×N keeps, chosen by the question's own attention and by the ranking.
///
/// The cache has room for the whole context, but memory is only taken for the layer at work and for what
/// is kept of the others.
final class Recall {
  private let source: any LayerSource
  private let engine: Engine
  private let cache: KVCache
  private let ratio: Int
  private let selection: RecallSelection
  private let attention: AttentionMass
  /// Of each layer that was loaded, for each head the places of its stored pairs, best first.
  private var rankings: [[[Int]]]
  private var current: Int?
  /// Seconds that went into loading layers.
  private(set) var loadSeconds = 0.0

  init(
    _ source: any LayerSource, ratio: Int, selection: RecallSelection = RecallSelection(),
    engine: Engine, into cache: KVCache
  ) throws {
    self.source = source
    self.engine = engine
    self.cache = cache
    self.ratio = ratio
    self.selection = selection
    attention = try AttentionMass(engine.architecture, pairs: cache.capacity)
    rankings = Array(repeating: [], count: cache.shape.layers)
  }

  /// The question's logits; the cache then holds what was kept and the question's own pairs.
  func prefill(_ question: [Int]) throws -> [Float] {
    let logits = try engine.prefill(
      question, into: cache, ready: load,
      observe: { layer, queries, count in
        self.attention.add(layer: layer, queries: queries, count: count, cache: self.cache)
      })
    settle()
    return logits
  }

  /// Lets go of the layer before and loads this one. A long question comes by in several chunks: the pairs
  /// of its earlier ones are put aside meanwhile.
  private func load(_ layer: Int) throws {
    settle()
    let heads = 0..<cache.shape.kvHeads
    let tails = heads.map { head in
      Tail(cache, layer, head, after: rankings[layer].isEmpty ? 0 : kept(layer, head))
    }
    for head in heads { cache.keep(layer: layer, head: head, pairs: []) }
    let clock = Stopwatch()
    rankings[layer] = try source.load(layer: layer, into: cache, tail: tails[0].count)
    loadSeconds += clock.seconds
    for head in heads { tails[head].write(to: cache, layer, head) }
    current = layer
  }

  private func kept(_ layer: Int, _ head: Int) -> Int {
    min(rankings[layer][head].count, source.kept(ratio: ratio, layer: layer, head: head))
  }

  /// Lets go of what the layer at work does not keep.
  private func settle() {
    guard let layer = current else { return }
    for head in 0..<cache.shape.kvHeads {
      let ranking = rankings[layer][head]
      let places = selection.places(
        ranking: ranking,
        mass: attention.sums(layer: layer, head: head, pairs: ranking.count),
        kept: kept(layer, head))
      cache.keep(
        layer: layer, head: head,
        pairs: places + (ranking.count..<cache.count(layer: layer, head: head)))
    }
    current = nil
  }
}

/// The question's own pairs of earlier chunks, put aside while the whole layer is loaded again.
private struct Tail {
  let count: Int
  private var keys: [UInt8] = []
  private var values: [UInt8] = []

  init(_ cache: KVCache, _ layer: Int, _ head: Int, after kept: Int) {
    let pairs = kept..<cache.count(layer: layer, head: head)
    count = pairs.count
    cache.gather(
      layer: layer, head: head, pairs: pairs.map(UInt32.init)[...], keys: &keys, values: &values)
  }

  func write(to cache: KVCache, _ layer: Int, _ head: Int) {
    cache.withKeys(layer: layer, head: head) { Self.write(keys, to: &$0) }
    cache.withValues(layer: layer, head: head) { Self.write(values, to: &$0) }
  }

  private static func write(_ bytes: [UInt8], to span: inout MutableRawSpan) {
    let start = span.byteCount - bytes.count
    for (index, byte) in bytes.enumerated() {
      span.storeBytes(of: byte, toByteOffset: start + index, as: UInt8.self)
    }
  }
}
