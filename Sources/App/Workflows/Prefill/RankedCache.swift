import CacheCodec
import CacheFormat
import Inference
import ModelFiles
import QFilters

/// A cache whose pairs, or last pairs, are ranked, ready to be written tier by tier.
struct RankedCache {
  private let cache: KVCache
  /// The first position whose pairs are ranked.
  private let start: Int
  /// Offsets from `start`, best first, [layers · kvHeads].
  private let orders: [[UInt32]]

  /// Ranks every head's pairs.
  ///
  /// - Parameters:
  ///   - start: Only pairs from this position on are ranked. The cache holds all of them as
  ///     elements.
  ///   - retention: What ranks before and after what scores say.
  ///   - model: Says which layers have a sliding window.
  /// - Throws: `ScoreNotFinite`.
  init(
    _ cache: KVCache, from start: Int = 0, scorer: any Scorer, retention: RetentionPolicy,
    model: ModelConfig
  ) throws {
    self.cache = cache
    self.start = start
    let pairs = cache.nextPosition - start
    let heads = cache.shape.kvHeads
    orders = try concurrentMap(cache.shape.layers * heads) { index in
      let (layer, head) = index.quotientAndRemainder(dividingBy: heads)
      let scores = try scorer.finiteScores(
        layer: layer, head: head,
        keys: cache.decodedKeys(
          layer: layer, head: head, after: cache.count(layer: layer, head: head) - pairs),
        keyLength: cache.shape.keyLength)
      return retention.order(
        scores, by: scorer.id, of: cache, layer: layer, head: head, model: model)
    }
  }

  /// Layers whose blocks are in memory at once while writing.
  private static let layersAtOnce = 4

  /// Writes all tiers; only a few layers of one tier are copied at a time.
  func write(
    to writer: inout SnapshotWriter, tiers: TierTable, progress: Progress
  ) throws {
    for tier in 0..<tiers.tierCount {
      for first in stride(from: 0, to: tiers.layers, by: Self.layersAtOnce) {
        let layers = first..<min(tiers.layers, first + Self.layersAtOnce)
        try writer.append(layers.map { block(tier: tier, layer: $0, tiers: tiers) })
        progress("write", tier * tiers.layers + layers.upperBound, tiers.tierCount * tiers.layers)
      }
    }
  }

  private func block(tier: Int, layer: Int, tiers: TierTable) -> PairBlock {
    var block = PairBlock(positions: [], keys: [], values: [])
    for head in 0..<tiers.kvHeads {
      let end = tiers.total(through: tier, layer: layer, head: head)
      let first = end - tiers.count(tier: tier, layer: layer, head: head)
      var offsets = orders[layer * tiers.kvHeads + head][first..<end]
      if tiers.isByPosition(tier: tier) { offsets.sort() }
      block.positions += offsets.map { UInt32(start) + $0 }
      // A head may hold only some of the pairs before `start`.
      let before = UInt32(cache.count(layer: layer, head: head) - (cache.nextPosition - start))
      cache.gather(
        layer: layer, head: head, pairs: offsets.map { before + $0 }[...], keys: &block.keys,
        values: &block.values)
    }
    return block
  }
}
