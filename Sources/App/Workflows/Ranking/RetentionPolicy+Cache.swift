package import Inference
package import ModelFiles
import QFilters

/// Where pairs of a model's cache are.
extension RetentionPolicy {
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
