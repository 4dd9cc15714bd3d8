import CacheCodec
import CacheFormat
import QFilters

/// Ranks the pairs of a chain of snapshots anew, without their model.
struct StoredRanking {
  private let chain: SnapshotChain
  /// Ranks a layer.
  let ranker: LayerRanker

  /// Chooses how to rank.
  ///
  /// - Throws: `QueriesNotStored`.
  init(_ chain: SnapshotChain, by source: ScorerSource) throws(QueriesNotStored) {
    self.chain = chain
    var retention = RetentionPolicy()
    // Pairs that are not ranked have no sinks and no window of their own.
    let isRanked = chain.metadata.tiers.isRanked
    if isRanked { retention.sinks = chain.sinks }
    // The window that was usual for the old ranking becomes the one that is usual for the new one.
    let usual = RetentionPolicy().resolved(
      givesBudgets: !chain.metadata.tiers.hasEqualBudgets)
    retention.window = !isRanked || chain.window == usual.window ? nil : chain.window
    ranker = try LayerRanker(
      source, tokens: chain.metadata.context.tokens, retention: retention)
  }

  /// Reads all pairs, a layer at a time, and ranks them.
  ///
  /// - Throws: `ScoreNotFinite`, `MalformedFile`, `SystemError`.
  func ranked() throws -> CacheRanking {
    var heads: [CacheRanking.Head] = []
    for layer in 0..<chain.metadata.context.layers {
      let pairs = floats(of: try chain.readStoredLayer(layer), layer: layer)
      heads += try ranker.ranked(pairs) { chain.isKeptWhole(layer: layer, head: $0) }
    }
    return ranker.ranking(of: heads)
  }

  private func floats(of pairs: LayerPairs, layer: Int) -> LayerKV {
    let context = chain.metadata.context
    return LayerKV(
      layer: layer, positions: pairs.heads[0].positions,
      keys: pairs.heads.enumerated().map {
        context.floats($1.keys, of: .keys, layer: layer, head: $0)
      },
      values: pairs.heads.enumerated().map {
        context.floats($1.values, of: .values, layer: layer, head: $0)
      },
      keyLength: context.keyLength, valueLength: context.valueLength,
      nextPosition: context.tokens)
  }
}
