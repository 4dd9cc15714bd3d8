public import CacheFormat

/// A score of a pair that is linear in features of its layer at its position: the keys before RoPE
/// and values of all heads, their norms and squared norms, and the age (spec, section 4.7).
///
/// It predicts how much questions about the context would attend to the pair. The idea of a linear
/// stand-in for KVzip is KVzap's (arXiv 2601.07891). This one needs only what a snapshot holds.
public struct LinearScore: Sendable, Equatable {
  /// How well one head's scores are predicted, over the pairs of the calibration.
  public struct Quality: Sendable, Equatable {
    /// The number of pairs.
    public let pairs: Double
    /// The mean of what the score predicts: the logarithm of attention. A head with a high one
    /// attends far back.
    public let mean: Float
    /// Its standard deviation over the head's pairs.
    public let deviation: Float
    /// The share of its variance that the score explains, 0 … 1.
    public let explained: Float

    /// The figures of a head.
    public init(pairs: Double, mean: Float, deviation: Float, explained: Float) {
      (self.pairs, self.mean, self.deviation) = (pairs, mean, deviation)
      self.explained = explained
    }
  }

  /// The shape of the model's caches.
  public let shape: CacheShape
  /// How layers encode positions.
  public let rope: LayerRoPE
  /// [layers][kvHeads][features].
  let weights: [Float]
  /// [layers · kvHeads].
  public let quality: [Quality]

  init(
    shape: CacheShape, rope: LayerRoPE, weights: [Float], quality: [Quality]
  ) {
    precondition(weights.count == shape.layers * shape.kvHeads * shape.features)
    precondition(quality.count == shape.layers * shape.kvHeads)
    (self.shape, self.rope, self.weights, self.quality) = (shape, rope, weights, quality)
  }

  /// The share of the variance over all pairs of all heads that the score explains, 0 … 1.
  public var explained: Float {
    let pairs = quality.reduce(0) { $0 + $1.pairs }
    guard pairs > 0 else { return 0 }
    let mean = quality.reduce(0) { $0 + $1.pairs * Double($1.mean) } / pairs
    var (total, error) = (0.0, 0.0)
    for head in quality {
      let (offset, deviation) = (Double(head.mean) - mean, Double(head.deviation))
      let variance = deviation * deviation
      total += head.pairs * (variance + offset * offset)
      error += head.pairs * variance * (1 - Double(head.explained))
    }
    return total > 0 ? Float(1 - error / total) : 0
  }

  /// The mean share of the variance within a head that the score explains, 0 … 1.
  public var explainedWithinHeads: Float {
    quality.reduce(0) { $0 + $1.explained } / Float(max(1, quality.count))
  }

  /// The scores of a layer's pairs, [kvHeads][pairs].
  ///
  /// - Parameters:
  ///   - pairs: Pairs of the model that the score was learnt from.
  ///   - layer: The layer's RoPE; nil for the bank's own.
  public func scores(_ pairs: LayerKV, rope layer: LayerRoPE.Layer? = nil) -> [[Float]] {
    let (width, first) = (shape.features, pairs.layer * shape.kvHeads * shape.features)
    let heads = (0..<shape.kvHeads).map {
      Array(weights[first + $0 * width..<first + ($0 + 1) * width])
    }
    var scores = [[Float]](repeating: [], count: shape.kvHeads)
    for start in stride(from: 0, to: pairs.positions.count, by: Self.pairsAtOnce) {
      let block = start..<min(pairs.positions.count, start + Self.pairsAtOnce)
      let rows = PairFeatures.rows(of: pairs[block], layer ?? rope.layers[pairs.layer])
      for head in heads.indices {
        scores[head] += QFilterScorer.scores(keys: rows, filter: heads[head])
      }
    }
    return scores
  }

  /// Pairs whose features are in memory at once.
  private static let pairsAtOnce = 512
}
