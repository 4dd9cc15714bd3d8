package import CacheFormat

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
  package struct Head: Sendable {
    /// Indices of its pairs, best first.
    package let order: [UInt32]
    /// What its budget is computed from; nil for equal budgets.
    package let budget: HeadBudgets.Head?
  }

  /// A ranking of heads of `pairs` pairs each.
  package init(_ ranked: [Head], pairs: Int, retention: RetentionPolicy) {
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
  package func tiers(
    _ ranking: Ranking, by scorer: ScorerID, layers: Int, kvHeads: Int, firstPosition: Int = 0,
    floors: [Int], compression: Int
  ) -> TierTable {
    guard let budgets else {
      return TierTable(
        scorer: scorer, sinks: ranking.sinks, window: ranking.window, layers: layers,
        kvHeads: kvHeads, firstPosition: firstPosition, tokens: pairs, floors: floors,
        compression: compression)
    }
    let whole = TierTable(
      scorer: scorer, sinks: ranking.sinks, window: ranking.window, layers: layers,
      kvHeads: kvHeads, firstPosition: firstPosition, tokens: pairs, floors: floors,
      budgets: budgets, compression: 1)
    // ×N of the whole snapshot and a snapshot made at ×N hold the same.
    return whole.recompressed(to: compression) ?? whole
  }
}
