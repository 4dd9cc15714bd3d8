import ByteIO
package import Inference
package import ModelFiles
package import QFilters

extension CacheRanking {
  /// Ranks every head's last pairs.
  ///
  /// - Parameters:
  ///   - pairs: How many last pairs of each head are ranked; they are elements.
  ///   - scorer: Scores these pairs.
  ///   - retention: What ranks before and after what scores say.
  ///   - model: Says which layers have a sliding window.
  /// - Throws: `ScoreNotFinite`.
  package init(
    _ cache: KVCache, last pairs: Int, scorer: any Scorer, retention: RetentionPolicy,
    model: ModelConfig
  ) throws {
    let kvHeads = cache.shape.kvHeads
    let heads = try concurrentMap(cache.shape.layers * kvHeads) { index in
      let (layer, head) = index.quotientAndRemainder(dividingBy: kvHeads)
      let scores = try scorer.finiteScores(
        layer: layer, head: head,
        keys: cache.decodedKeys(
          layer: layer, head: head, after: cache.count(layer: layer, head: head) - pairs),
        keyLength: cache.shape.keyLength)
      return retention.ranked(
        scores, by: scorer,
        retention.place(of: cache, layer: layer, head: head, last: pairs, model: model))
    }
    self.init(heads, pairs: pairs, retention: retention)
  }
}
