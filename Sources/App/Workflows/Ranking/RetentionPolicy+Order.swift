import CacheFormat
import Inference
import ModelFiles
import QFilters

extension RetentionPolicy {
  /// Places of a head's last pairs, best first.
  ///
  /// - Parameters:
  ///   - scores: One for each of them, by `scorer`.
  ///   - model: Says which layers have a sliding window.
  func order(
    _ scores: [Float], by scorer: ScorerID, of cache: KVCache, layer: Int, head: Int,
    model: ModelConfig
  ) -> [UInt32] {
    ranking(by: scorer, slidingWindow: model.window(ofLayer: layer)).order(
      scores,
      outOfWindow: hiddenPairs(
        of: cache, layer: layer, head: head, last: scores.count, model: model))
  }

  /// How many of a head's last pairs rank behind all others, because no later token sees them.
  func hiddenPairs(
    of cache: KVCache, layer: Int, head: Int, last: Int, model: ModelConfig
  ) -> Int {
    guard ranksHiddenLast else { return 0 }
    return cache.hiddenPairs(
      layer: layer, head: head, window: model.window(ofLayer: layer), last: last)
  }
}
