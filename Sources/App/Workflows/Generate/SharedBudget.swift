import ByteIO
import CacheFormat
import Inference
import QFilters

/// Drops pairs when all heads together hold more than the budget gives them, by one threshold.
///
/// The linear score of pairs decides which heads hold more. A pair is scored once, at the first
/// drop after it arrived: its score depends on what the layer's other heads hold at the same
/// position, and they may lose their pairs there.
final class SharedBudget: Evictor {
  private let eviction: Eviction
  private let bank: FilterBank
  private let linear: LinearScore
  private let cache: KVCache
  private let engine: Engine
  /// The linear score of each pair that has been seen, [layers · kvHeads][pairs].
  private var scores: [[Float]]

  /// Ranking takes longer than a token. So more is dropped than has to be, and then nothing for a
  /// while: this share of the budget.
  private static let slack = 1.0 / 16

  /// - Parameter linear: The bank's.
  init(
    _ eviction: Eviction, _ bank: FilterBank, _ linear: LinearScore, of cache: KVCache,
    engine: Engine
  ) {
    (self.eviction, self.bank, self.linear) = (eviction, bank, linear)
    (self.cache, self.engine) = (cache, engine)
    scores = Array(repeating: [], count: cache.shape.layers * cache.shape.kvHeads)
  }

  /// How many pairs heads keep on average.
  private var average: Int {
    max(1, eviction.budget - Int(Double(eviction.budget) * Self.slack))
  }

  func apply() {
    guard cache.pairs > eviction.budget * scores.count else { return }
    scoreNewPairs()
    let heads = ranked()
    let counts = HeadBudgets.counts(
      of: cache.nextPosition, averages: [average], heads: heads.map(budget(of:)),
      floorShare: eviction.retention.floorShare)[0]
    for (index, head) in heads.enumerated() {
      let kept = head.order.prefix(counts[index]).map(Int.init).sorted()
      let (layer, kvHead) = index.quotientAndRemainder(dividingBy: cache.shape.kvHeads)
      cache.keep(layer: layer, head: kvHead, pairs: kept)
      scores[index] = kept.map { scores[index][$0] }
    }
  }

  /// A head takes part with the best of its pairs, at most as many as it has room for. What is
  /// protected stays within the budget, too.
  private func budget(of head: CacheRanking.Head) -> HeadBudgets.Head {
    guard var budget = head.budget else { return HeadBudgets.Head(protected: 0, scores: []) }
    budget.protected = min(budget.protected, average)
    let most = eviction.budget * Eviction.mostOfHead - budget.protected
    if budget.scores.count > most {
      budget.scores = Array(budget.scores.sorted(by: >).prefix(max(0, most)))
    }
    return budget
  }

  /// Scores what was added since pairs were dropped.
  private func scoreNewPairs() {
    let (cache, heads, seen) = (cache, cache.shape.kvHeads, scores.map(\.count))
    let (linear, rope) = (linear, linear.rope(for: cache.nextPosition, engine))
    let layers = concurrentMap(cache.shape.layers) { layer in
      let seen = seen[layer * heads..<(layer + 1) * heads]
      let common = cache.commonPositions(layer: layer, after: seen)
      let scores = linear.scores(
        cache.pairs(ofLayer: layer, at: common[...]), rope: rope.layers[layer])
      return zip(scores, seen).enumerated().map { head, new in
        let positions = cache.positions(layer: layer, head: head).dropFirst(new.1)
        return Self.spread(
          new.0, at: common, over: positions, others: linear.quality[layer * heads + head])
      }
    }
    for (index, new) in layers.joined().enumerated() { scores[index] += new }
  }

  /// Scores for all of a head's new pairs. A compressed cache that is resumed does not hold all of
  /// a layer's heads at a position. It holds the best pairs of each head; so they are worth more
  /// than the head's mean.
  private static func spread(
    _ scores: [Float], at common: [UInt32], over positions: ArraySlice<UInt32>,
    others head: LinearScore.Quality
  ) -> [Float] {
    guard common.count < positions.count else { return scores }
    let known = Dictionary(uniqueKeysWithValues: zip(common, scores))
    return positions.map { known[$0] ?? head.mean + head.deviation }
  }

  /// Each head's pairs, best first, and what its budget is computed from.
  private func ranked() -> [CacheRanking.Head] {
    let (cache, model, retention) = (cache, engine.architecture, eviction.retention)
    let scorer = BudgetedFilterScorer(
      bank.scorer(after: cache.nextPosition, engine: engine),
      linear: CacheScores(.linear, scores: scores, kvHeads: cache.shape.kvHeads))
    return concurrentMap(scores.count) { index in
      let (layer, head) = index.quotientAndRemainder(dividingBy: cache.shape.kvHeads)
      let count = cache.count(layer: layer, head: head)
      let scores = scorer.scores(
        layer: layer, head: head, keys: cache.decodedKeys(layer: layer, head: head),
        keyLength: cache.shape.keyLength)
      return retention.ranked(
        scores, by: scorer,
        retention.place(of: cache, layer: layer, head: head, last: count, model: model))
    }
  }
}
