import CacheFormat

/// A head, and what its layer's window does to its pairs.
package struct HeadPlace {
  package let layer, head: Int
  /// The layer's sliding window, if it has one.
  package let window: Int?
  /// How many of the ranked pairs no later token sees.
  package let outOfWindow: Int
  /// Whether every compression keeps all pairs.
  package let isWhole: Bool

  /// A head of a layer.
  package init(layer: Int, head: Int, window: Int?, outOfWindow: Int, isWhole: Bool) {
    (self.layer, self.head) = (layer, head)
    (self.window, self.outOfWindow, self.isWhole) = (window, outOfWindow, isWhole)
  }
}

extension RetentionPolicy {
  /// A head's pairs, best first, and what its budget is computed from.
  ///
  /// - Parameter scores: A score for each pair, by `scorer`.
  package func ranked(
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
}
