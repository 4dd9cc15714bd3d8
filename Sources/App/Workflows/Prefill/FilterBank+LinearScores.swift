import CacheFormat
import Inference
import QFilters

extension FilterBank {
  /// The linear scores of each head's last pairs, which are at the same positions in all heads; nil
  /// if the bank has no linear score.
  func linearScores(of cache: KVCache, last pairs: Int, engine: Engine) -> CacheScores? {
    guard let linear else { return nil }
    let tokens = cache.nextPosition
    // Some kinds of RoPE depend on the length, and the model knows how.
    let rope = linear.rope.holds(for: tokens) ? linear.rope : engine.layerRoPE(length: tokens)
    let layers = concurrentMap(cache.shape.layers) { layer in
      linear.scores(cache.pairs(ofLayer: layer, last: pairs), rope: rope.layers[layer])
    }
    return CacheScores(
      .linear, scores: layers.flatMap(\.self), kvHeads: cache.shape.kvHeads, filterDigest: digest)
  }
}
