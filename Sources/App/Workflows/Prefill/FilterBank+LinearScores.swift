import ByteIO
import CacheFormat
import Inference
import QFilters

extension FilterBank {
  /// The linear scores of each head's last pairs, which are at the same positions in all heads; nil
  /// if the bank has no linear score.
  func linearScores(of cache: KVCache, last pairs: Int, engine: Engine) -> CacheScores? {
    guard let linear else { return nil }
    let rope = linear.rope(for: cache.nextPosition, engine)
    let layers = concurrentMap(cache.shape.layers) { layer in
      linear.scores(cache.pairs(ofLayer: layer, last: pairs), rope: rope.layers[layer])
    }
    return CacheScores(
      .linear, scores: layers.flatMap(\.self), kvHeads: cache.shape.kvHeads, filterDigest: digest)
  }
}

extension LinearScore {
  /// How the pairs of `tokens` are rotated. Some kinds of RoPE depend on the length, and the model
  /// knows how.
  func rope(for tokens: Int, _ engine: Engine) -> LayerRoPE {
    rope.holds(for: tokens) ? rope : engine.layerRoPE(length: tokens)
  }
}
