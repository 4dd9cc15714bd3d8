import CacheCodec
import CacheFormat
import Inference
import QFilters

/// How many pairs each head of the new snapshot holds.
extension RecompressPlan {
  /// The new tiers. Without a new ranking each head keeps its share of what is kept.
  static func tiers(
    _ chain: SnapshotChain, ranked: CacheRanking?, by scorer: ScorerID?, _ ranking: Ranking,
    compression: Int
  ) throws -> TierTable {
    let (old, context) = (chain.metadata.tiers, chain.metadata.context)
    if ranked == nil, chain.snapshots.count == 1, let tiers = old.recompressed(to: compression) {
      return tiers
    }
    let floors = floors(chain, ranking, isNew: ranked != nil)
    if let ranked {
      return ranked.tiers(
        ranking, by: scorer ?? old.scorer, layers: context.layers,
        kvHeads: context.kvHeads, floors: floors,
        compression: compression)
    }
    let least = chain.leastCompression
    let stored = TierTable(
      scorer: old.scorer, sinks: chain.sinks, window: chain.window, layers: context.layers,
      kvHeads: context.kvHeads, tokens: context.tokens, floors: floors,
      budgets: ChainBudgets(
        tables: chain.snapshots.map(\.metadata.tiers), tokens: context.tokens, floors: floors,
        stored: try storedCounts(chain)
      ).counts(at: least), compression: least)
    // ×N of the whole chain's snapshot and a snapshot made at ×N hold the same.
    return stored.recompressed(to: compression) ?? stored
  }

  /// The least number of pairs of each head. Whole heads stay whole. The whole chain is protected
  /// as one snapshot. Sinks and window of a new ranking take the place of the old ones.
  private static func floors(_ chain: SnapshotChain, _ ranking: Ranking, isNew: Bool) -> [Int] {
    let (context, links) = (chain.metadata.context, chain.snapshots)
    let protected = links.count == 1 && !isNew ? 0 : ranking.protected(of: context.tokens)
    return (0..<context.layers * context.kvHeads).map { index in
      let (layer, head) = index.quotientAndRemainder(dividingBy: context.kvHeads)
      guard !chain.isKeptWhole(layer: layer, head: head) else { return context.tokens }
      return links.reduce(protected) { floor, link in
        let tiers = link.metadata.tiers
        let own = tiers.floor(layer: layer, head: head)
        let old = Ranking(sinks: tiers.sinks, window: tiers.window).protected(of: tiers.tokens)
        return isNew && own == old ? floor : max(floor, own)
      }
    }
  }

  /// The number of each head's stored pairs; nil if all pairs are stored.
  private static func storedCounts(_ chain: SnapshotChain) throws -> [Int]? {
    guard !chain.isWhole else { return nil }
    return try (0..<chain.metadata.context.layers).flatMap { layer in
      try chain.readStoredPositions(layer: layer).map(\.count)
    }
  }
}
