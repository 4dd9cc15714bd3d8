import CacheCodec
import CacheFormat
import QFilters

/// Ranks the pairs of a chain of snapshots anew, without their model.
///
/// A filter bank with a linear score holds the model's windows and RoPE, so pairs rank as `prefill`
/// ranks them. Without it all layers rank as layers without a window, and Q-Filters score as they
/// were published.
struct StoredRanking {
  private let chain: SnapshotChain
  private let source: ScorerSource
  /// The source's. It is kept, because it takes the bank's digest.
  private let origin: RankingOrigin
  private let retention: RetentionPolicy
  private let rope: LayerRoPE?

  /// Chooses how to rank.
  ///
  /// - Throws: `QueriesNotStored`.
  init(_ chain: SnapshotChain, by source: ScorerSource) throws {
    let origin = source.origin
    guard !origin.scorer.needsQueries else {
      throw QueriesNotStored(method: origin.scorer.name)
    }
    (self.chain, self.source, self.origin) = (chain, source, origin)
    let bank = source.filterBank
    rope = bank?.linear.flatMap {
      $0.rope.holds(for: chain.metadata.context.tokens) ? $0.rope : nil
    }
    var retention = RetentionPolicy()
    retention.usesPublishedScore = rope == nil
    // Pairs that are not ranked have no sinks and no window of their own.
    let isRanked = chain.metadata.tiers.isRanked
    if isRanked { retention.sinks = chain.sinks }
    // The window that was usual for the old ranking becomes the one that is usual for the new one.
    let usual = RetentionPolicy().resolved(
      givesBudgets: !chain.metadata.tiers.hasEqualBudgets)
    retention.window = !isRanked || chain.window == usual.window ? nil : chain.window
    self.retention = retention.resolved(for: source)
  }

  /// Whether Q-Filters score as they were published.
  var usesPublishedScore: Bool { retention.usesPublishedScore }

  /// How pairs rank, by the names in provenance.
  var rules: [String: String] { retention.rules(of: source) }

  /// How pairs rank in layers without a window.
  var ranking: Ranking { retention.ranking(by: origin.scorer, slidingWindow: nil) }

  /// Reads all pairs, a layer at a time, and ranks them.
  ///
  /// - Throws: `ScoreNotFinite`, `MalformedFile`, `SystemError`.
  func ranked() throws -> CacheRanking {
    let context = chain.metadata.context
    var heads: [CacheRanking.Head] = []
    for layer in 0..<context.layers {
      let pairs = try chain.readStoredLayer(layer)
      let floats = floats(of: pairs, layer: layer)
      let scorer = try scorer(of: floats)
      for head in 0..<context.kvHeads {
        let scores = try scorer.finiteScores(
          layer: layer, head: head, keys: floats.keys[head], keyLength: context.keyLength)
        heads.append(
          retention.ranked(
            scores, by: scorer, place(layer: layer, head: head, positions: floats.positions)))
      }
    }
    return CacheRanking(heads, pairs: context.tokens, retention: retention)
  }

  private func place(layer: Int, head: Int, positions: [UInt32]) -> HeadPlace {
    let window = rope?.layers[layer].window
    let next = chain.metadata.context.tokens
    let unseen = window.map { window in positions.prefix { Int($0) + window <= next }.count }
    return HeadPlace(
      layer: layer, head: head, window: window, outOfWindow: unseen ?? 0,
      isWhole: chain.isKeptWhole(layer: layer, head: head))
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

  /// A scorer of one layer's pairs.
  private func scorer(of pairs: LayerKV) throws -> any Scorer {
    switch source {
    case .qFilters(let bank, _):
      guard let rope, let linear = linearScores(pairs, bank) else { return QFilterScorer(bank) }
      return BudgetedFilterScorer(
        bank.scorer(after: chain.metadata.context.tokens, rope: rope), linear: linear)
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
