import CacheFormat

/// Ranks a cache's pairs a layer at a time, without its model.
///
/// A filter bank with a linear score holds the model's windows and RoPE, so pairs rank as `prefill`
/// ranks them. Without it all layers rank as layers without a window, and Q-Filters score as they
/// were published.
package struct LayerRanker: Sendable {
  private let source: ScorerSource
  /// The source's. It is kept, because it takes the bank's digest.
  package let origin: RankingOrigin
  private let retention: RetentionPolicy
  private let rope: LayerRoPE?
  private let tokens: Int
  private let firstPosition: Int

  /// Chooses how to rank.
  ///
  /// - Parameters:
  ///   - tokens: The number of tokens of the whole context.
  ///   - firstPosition: The first position whose pairs are ranked; 0 unless they continue others.
  ///   - retention: What ranks before scores; a window of nil is the usual one.
  /// - Throws: `QueriesNotStored`.
  package init(
    _ source: ScorerSource, tokens: Int, firstPosition: Int = 0, retention: RetentionPolicy
  ) throws(QueriesNotStored) {
    let origin = source.origin
    guard !origin.scorer.needsQueries else {
      throw QueriesNotStored(method: origin.scorer.name)
    }
    (self.source, self.origin) = (source, origin)
    (self.tokens, self.firstPosition) = (tokens, firstPosition)
    rope = source.filterBank?.linear.flatMap { $0.rope.holds(for: tokens) ? $0.rope : nil }
    var retention = retention
    retention.usesPublishedScore = rope == nil
    self.retention = retention.resolved(for: source)
  }

  /// Whether Q-Filters score as they were published.
  package var usesPublishedScore: Bool { retention.usesPublishedScore }

  /// Whether heads get budgets of their own, so that what a tier holds depends on all layers.
  package var givesBudgets: Bool { source.givesBudgets(retention) }

  /// How pairs rank, by the names in provenance.
  package var rules: [String: String] { retention.rules(of: source) }

  /// How pairs rank in layers without a window.
  package var ranking: Ranking { retention.ranking(by: origin.scorer, slidingWindow: nil) }

  /// Ranks the pairs of a layer.
  ///
  /// - Parameter isWhole: Whether every compression keeps all pairs of a head.
  /// - Returns: [kvHeads]
  /// - Throws: `ScoreNotFinite`, `NoLinearScore`.
  package func ranked(
    _ pairs: LayerKV, isWhole: (_ head: Int) -> Bool = { _ in false }
  ) throws -> [CacheRanking.Head] {
    let scorer = try scorer(of: pairs)
    return try (0..<pairs.kvHeads).map { head in
      let scores = try scorer.finiteScores(
        layer: pairs.layer, head: head, keys: pairs.keys[head], keyLength: pairs.keyLength)
      let window = rope?.layers[pairs.layer].window
      let unseen = window.map { window in
        pairs.positions.prefix { Int($0) + window <= tokens }.count
      }
      let place = HeadPlace(
        layer: pairs.layer, head: head, window: window, outOfWindow: unseen ?? 0,
        isWhole: isWhole(head))
      return retention.ranked(scores, by: scorer, place)
    }
  }

  /// The ranking of all layers' heads.
  package func ranking(of heads: [CacheRanking.Head]) -> CacheRanking {
    CacheRanking(heads, pairs: tokens - firstPosition, retention: retention)
  }

  /// A scorer of one layer's pairs.
  private func scorer(of pairs: LayerKV) throws -> any Scorer {
    switch source {
    case .qFilters(let bank, _):
      guard let rope, let linear = linearScores(pairs, bank) else { return QFilterScorer(bank) }
      return BudgetedFilterScorer(bank.scorer(after: tokens, rope: rope), linear: linear)
    case .linear(let bank, let path):
      guard let scores = linearScores(pairs, bank) else {
        throw NoLinearScore(path: path, longest: bank.linear?.rope.longest)
      }
      return scores
    case .keys(let scorer): return scorer
    case .snapKV, .kvzip, .expectedAttention:
      throw QueriesNotStored(method: origin.scorer.name)
    }
  }

  private func linearScores(_ pairs: LayerKV, _ bank: FilterBank) -> CacheScores? {
    guard rope != nil, let linear = bank.linear else { return nil }
    let before = [[Float]](repeating: [], count: pairs.layer * pairs.kvHeads)
    return CacheScores(
      .linear, scores: before + linear.scores(pairs), kvHeads: pairs.kvHeads,
      filterDigest: origin.filters)
  }
}
