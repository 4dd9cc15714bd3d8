package import Inference
package import ModelFiles
import QFilters

/// A head, and what its layer's window does to its pairs.
struct HeadPlace {
  let layer, head: Int
  /// The layer's sliding window, if it has one.
  let window: Int?
  /// How many of the ranked pairs no later token sees.
  let outOfWindow: Int
  /// Whether every compression keeps all pairs.
  let isWhole: Bool
}

extension RetentionPolicy {
  /// A head's pairs, best first, and what its budget is computed from.
  ///
  /// - Parameter scores: A score for each pair, by `scorer`.
  func ranked(
    _ scores: [Float], by scorer: any Scorer, _ place: HeadPlace
  ) -> CacheRanking.Head {
    let ranking = ranking(by: scorer.id, slidingWindow: place.window)
    let order = ranking.order(scores, outOfWindow: place.outOfWindow)
    guard !hasEqualBudgets,
      let budgetScores = scorer.budgetScores(layer: place.layer, head: place.head)
    else { return CacheRanking.Head(order: order, budget: nil) }
    let ranked = ranking.ranked(of: scores.count, outOfWindow: place.outOfWindow)
    return CacheRanking.Head(
      order: order,
      budget: HeadBudgets.Head(
        protected: ranking.protected(of: scores.count), isWhole: place.isWhole,
        scores: Array(budgetScores[ranked])))
  }

  /// Where a head's last pairs are in the cache of a model.
  func place(
    of cache: KVCache, layer: Int, head: Int, last: Int, model: ModelConfig
  ) -> HeadPlace {
    HeadPlace(
      layer: layer, head: head, window: model.window(ofLayer: layer),
      outOfWindow: pairsOutOfWindow(
        of: cache, layer: layer, head: head, last: last, model: model),
      isWhole: layer < wholeLayers)
  }

  /// How many of a head's last pairs rank after all others, because no later token sees them.
  package func pairsOutOfWindow(
    of cache: KVCache, layer: Int, head: Int, last: Int, model: ModelConfig
  ) -> Int {
    guard ranksOutOfWindowLast else { return 0 }
    return cache.pairsOutOfWindow(
      layer: layer, head: head, window: model.window(ofLayer: layer), last: last)
  }
}
