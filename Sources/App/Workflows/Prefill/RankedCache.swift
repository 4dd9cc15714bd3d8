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
  /// Ranks the pairs from `start` on.
  let ranking: CacheRanking

  /// Ranks every head's pairs.
  ///
  /// - Parameters:
  ///   - start: Only pairs from this position on are ranked. The cache holds all of them as
  ///     elements.
  ///   - hook: Has seen the context.
  ///   - retention: What ranks before and after what scores say.
  ///   - model: Says which layers have a sliding window.
  /// - Throws: `ScoreNotFinite`, and what the hook throws.
  init(
    _ cache: KVCache, from start: Int = 0, hook: any QueryHook, retention: RetentionPolicy,
    model: ModelConfig
  ) throws {
    self.cache = cache
    self.start = start
    let pairs = cache.nextPosition - start
    ranking = try CacheRanking(
      cache, last: pairs, scorer: hook.scorer(of: cache, last: pairs), retention: retention,
      model: model)
  }

  /// Writes all tiers; only a few layers of one tier are copied at a time.
  ///
  /// - Parameter coding: The transform that codes keys and values, if one does.
  func write(
    to writer: inout SnapshotWriter, tiers: TierTable, coding: TransformCoding? = nil,
    progress: Progress
  ) throws {
    try writer.appendTiers(
      progress: { progress("write", $0, $1) },
      block: { block(tier: $0, layer: $1, tiers: tiers, isCoded: coding != nil) })
    guard let coding else { return }
    for group in coding.layout.groups.indices {
      try writer.appendGroup(coding, pairs: pairs)
      progress("code", group + 1, coding.layout.groups.count)
    }
  }

  /// A head's pairs from `start` on, in order of position.
  private func pairs(layer: Int, head: Int) -> (keys: [UInt8], values: [UInt8]) {
    var (keys, values): ([UInt8], [UInt8]) = ([], [])
    let count = cache.count(layer: layer, head: head)
    let first = count - (cache.nextPosition - start)
    cache.gather(
      layer: layer, head: head, pairs: (first..<count).map(UInt32.init)[...], keys: &keys,
      values: &values)
    return (keys, values)
  }

  private func block(tier: Int, layer: Int, tiers: TierTable, isCoded: Bool) -> PairBlock {
    var block = PairBlock(positions: [], keys: [], values: [])
    for head in 0..<tiers.kvHeads {
      let offsets = tiers.pairs(
        of: ranking.orders[layer * tiers.kvHeads + head], tier: tier, layer: layer, head: head)
      block.positions += offsets.map { UInt32(start) + $0 }
      guard !isCoded else { continue }
      // A head may hold only some of the pairs before `start`.
      let before = UInt32(cache.count(layer: layer, head: head) - (cache.nextPosition - start))
      cache.gather(
        layer: layer, head: head, pairs: offsets.map { before + $0 }[...], keys: &block.keys,
        values: &block.values)
    }
    return block
  }
}
