import ByteIO
import CacheCodec
import CacheFormat
import QFilters

/// How the pairs of a new snapshot rank.
enum NewRanking {
  /// They do not.
  case none
  /// By what the pairs are.
  case pairs(LayerRanker)
  /// By scores that come with them.
  case scores(ScorerID, RetentionPolicy)

  init(_ new: NewSnapshot, _ identity: SnapshotIdentity) throws {
    var retention = RetentionPolicy()
    // Only the first snapshot of a chain has sinks.
    if let parent = new.parent {
      (retention.sinks, retention.window) = (0, parent.chain.window)
    }
    switch new.ranking {
    case .unranked: self = .none
    case .scores(let number, let areShared):
      let scorer = ScorerID(rawValue: number)
      guard scorer.needsQueries || number >= ElementCodec.firstPrivate else {
        throw SnapshotError(
          .usage, "own scores have the scorer 4, 5 or 8, or a private number of 2147483648 or more")
      }
      retention.hasEqualBudgets = !areShared
      self = .scores(scorer, retention.resolved(givesBudgets: areShared))
    case .method(let name):
      guard let id = ScorerID(name: name), !id.needsQueries, !id.needsFilterBank,
        let source = ScorerSource(id, bank: nil, seed: 0)
      else {
        throw SnapshotError(
          .usage, "\(name) is none of k-norm, streaming-llm, keydiff and random")
      }
      self = .pairs(try LayerRanker(source, new, retention))
    case .filters(let path):
      let source = ScorerSource.qFilters(try FilterBank(path: path), path: path)
      try source.check(
        identity: identity, of: "the new snapshot",
        cache: FilterShape(
          layers: new.layers, kvHeads: new.kvHeads, headLength: new.keyLength))
      self = .pairs(try LayerRanker(source, new, retention))
    }
  }

  /// What ranked the pairs.
  var origin: RankingOrigin {
    switch self {
    case .none: RankingOrigin(.unranked)
    case .pairs(let ranker): ranker.origin
    case .scores(let scorer, _): RankingOrigin(scorer)
    }
  }

  /// How pairs rank in layers without a window; nil if they do not.
  var ranking: Ranking? {
    switch self {
    case .none: nil
    case .pairs(let ranker): ranker.ranking
    case .scores(let scorer, let retention): retention.ranking(by: scorer, slidingWindow: nil)
    }
  }

  /// The tiers of a context's pairs from a position on.
  ///
  /// - Parameter ranked: Nil before the pairs are known: heads then have equal budgets.
  func tiers(
    _ ranked: CacheRanking?, of context: ContextDescription, firstPosition: Int
  ) -> TierTable {
    guard let ranking else {
      return TierTable(unranked: context, firstPosition: firstPosition)
    }
    let pairs = context.tokens - firstPosition
    let floors = Array(
      repeating: ranking.protected(of: pairs), count: context.layers * context.kvHeads)
    return ranked?.tiers(
      ranking, by: origin.scorer, layers: context.layers, kvHeads: context.kvHeads,
      firstPosition: firstPosition, floors: floors, compression: 1)
      ?? TierTable(
        scorer: origin.scorer, sinks: ranking.sinks, window: ranking.window,
        layers: context.layers, kvHeads: context.kvHeads, firstPosition: firstPosition,
        tokens: pairs, floors: floors, compression: 1)
  }

  /// Ranks all layers; nil if the pairs do not rank.
  ///
  /// - Throws: `ScoreNotFinite`.
  func ranked(_ layers: [NewLayer], _ context: ContextDescription) throws -> CacheRanking? {
    let first = layers.first?.firstPosition ?? 0
    switch self {
    case .none: return nil
    case .pairs(let ranker):
      let heads = try concurrentMap(layers.count) { layer in
        try ranker.ranked(layers[layer].floats(layer, context))
      }
      return ranker.ranking(of: heads.flatMap(\.self))
    case .scores(let scorer, let retention):
      let scores = CacheScores(
        scorer, scores: layers.flatMap(\.scores), kvHeads: context.kvHeads)
      let heads = try (0..<context.layers * context.kvHeads).map { index in
        let (layer, head) = index.quotientAndRemainder(dividingBy: context.kvHeads)
        return retention.ranked(
          try scores.finiteScores(
            layer: layer, head: head, keys: [], keyLength: context.keyLength),
          by: scores,
          HeadPlace(layer: layer, head: head, window: nil, outOfWindow: 0, isWhole: false))
      }
      return CacheRanking(heads, pairs: context.tokens - first, retention: retention)
    }
  }
}

extension LayerRanker {
  fileprivate init(
    _ source: ScorerSource, _ new: NewSnapshot, _ retention: RetentionPolicy
  ) throws(QueriesNotStored) {
    try self.init(
      source, tokens: new.tokens.count, firstPosition: new.firstPosition, retention: retention)
  }
}
