import ByteIO
import CacheFormat
package import Inference
package import ModelFiles
package import QFilters

/// In which order the pairs of a cache are kept, and how many of each head.
package struct CacheRanking {
  /// [layers · kvHeads]: indices of the ranked pairs, best first.
  package let orders: [[UInt32]]
  /// The number of pairs of a head that are ranked.
  private let pairs: Int
  /// How many pairs each tier of a whole snapshot and those before it hold of each head,
  /// [tiers][layers · kvHeads]; nil if all heads have equal budgets.
  private let budgets: [[Int]]?
  /// [layers · kvHeads], how many pairs every compression keeps; empty without budgets.
  private let floors: [Int]

  /// What is known of one head.
  struct Head {
    /// Indices of its pairs, best first.
    let order: [UInt32]
    /// What its budget is computed from; nil for equal budgets.
    let budget: HeadBudgets.Head?
  }

  /// A ranking of heads of `pairs` pairs each.
  init(_ ranked: [Head], pairs: Int, retention: RetentionPolicy) {
    orders = ranked.map(\.order)
    self.pairs = pairs
    let heads = ranked.compactMap(\.budget)
    guard heads.count == orders.count, pairs > 0 else {
      (budgets, floors) = (nil, [])
      return
    }
    budgets = HeadBudgets.counts(
      tokens: pairs, compressions: TierTable.ratios(at: 1), heads: heads,
      floorShare: retention.floorShare)
    floors = heads.map { $0.isWhole ? pairs : $0.protected }
  }

  /// Ranks every head's last pairs.
  ///
  /// - Parameters:
  ///   - pairs: How many last pairs of each head are ranked; they are elements.
  ///   - scorer: Scores these pairs.
  ///   - retention: What ranks before and after what scores say.
  ///   - model: Says which layers have a sliding window.
  /// - Throws: `ScoreNotFinite`.
  package init(
    _ cache: KVCache, last pairs: Int, scorer: any Scorer, retention: RetentionPolicy,
    model: ModelConfig
  ) throws {
    let kvHeads = cache.shape.kvHeads
    let heads = try concurrentMap(cache.shape.layers * kvHeads) { index in
      let (layer, head) = index.quotientAndRemainder(dividingBy: kvHeads)
      let scores = try scorer.finiteScores(
        layer: layer, head: head,
        keys: cache.decodedKeys(
          layer: layer, head: head, after: cache.count(layer: layer, head: head) - pairs),
        keyLength: cache.shape.keyLength)
      return retention.ranked(
        scores, by: scorer,
        retention.place(of: cache, layer: layer, head: head, last: pairs, model: model))
    }
    self.init(heads, pairs: pairs, retention: retention)
  }

  /// How many pairs ×`compression` of a whole snapshot keeps of each head, [layers · kvHeads]; nil
  /// if all heads have equal budgets.
  package func kept(compression: Int) -> [Int]? {
    guard let budgets else { return nil }
    let table = TierTable(
      scorer: .qFilters, sinks: 0, window: 0, layers: floors.count, kvHeads: 1, tokens: pairs,
      floors: floors, budgets: budgets, compression: 1)
    return floors.indices.map { table.kept(compression: compression, layer: $0, head: 0) ?? 0 }
  }

  /// The tiers of a snapshot of these pairs.
  ///
  /// - Parameters:
  ///   - firstPosition: The first of their positions.
  ///   - floors: [layers · kvHeads], the least number of pairs that any compression keeps.
  func tiers(
    _ ranking: Ranking, by scorer: ScorerID, shape: KVCache.Shape, firstPosition: Int = 0,
    floors: [Int], compression: Int
  ) -> TierTable {
    guard let budgets else {
      return TierTable(
        scorer: scorer, sinks: ranking.sinks, window: ranking.window, layers: shape.layers,
        kvHeads: shape.kvHeads, firstPosition: firstPosition, tokens: pairs, floors: floors,
        compression: compression)
    }
    let whole = TierTable(
      scorer: scorer, sinks: ranking.sinks, window: ranking.window, layers: shape.layers,
      kvHeads: shape.kvHeads, firstPosition: firstPosition, tokens: pairs, floors: floors,
      budgets: budgets, compression: 1)
    // ×N of the whole snapshot and a snapshot made at ×N hold the same.
    return whole.recompressed(to: compression) ?? whole
  }
}
