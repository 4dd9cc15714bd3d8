package import CacheFormat
package import Inference
package import ModelFiles
import QFilters

extension RetentionPolicy {
  /// A head's last pairs, best first, by their index among them.
  ///
  /// - Parameters:
  ///   - scores: A score for each of them, by `scorer`.
  ///   - model: Says which layers have a sliding window.
  package func order(
    _ scores: [Float], by scorer: ScorerID, of cache: KVCache, layer: Int, head: Int,
    model: ModelConfig
  ) -> [UInt32] {
    ranking(by: scorer, slidingWindow: model.window(ofLayer: layer)).order(
      scores,
      outOfWindow: pairsOutOfWindow(
        of: cache, layer: layer, head: head, last: scores.count, model: model))
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
