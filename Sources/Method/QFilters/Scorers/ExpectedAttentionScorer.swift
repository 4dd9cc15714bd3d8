public import CacheFormat

/// Scores a pair by the attention expected from queries of the context's own distribution, times
/// the length of its value (Expected Attention, arXiv 2510.00636, as in kvpress'
/// `ExpectedAttentionPress`).
///
/// For each query head the mean μ and the covariance Σ of the context's queries before RoPE are
/// known. R is RoPE's rotation, averaged over the next 512 positions. For a normal distribution the
/// expectation of exp(s · ⟨q, k⟩) is
///
///     exp(s · ⟨Rμ, k⟩ + s² / 2 · kᵀ R Σ Rᵀ k)
///
/// A pair's score is that, divided by the sum over all pairs, averaged over the query heads that
/// share the KV head, times ‖value‖. The first tokens, which all queries attend to, are not scored
/// and come first.
public struct ExpectedAttentionScorer: Scorer {
  /// The number of first tokens that neither count as queries nor are scored.
  public static let sinks = 4
  /// The number of positions after the context over which RoPE is averaged.
  public static let futurePositions = 512

  private let queries: QueryMoments
  private let rotations: [Rotation]
  private let scale: Float
  private let valueLengths: [[Float]]

  /// How many pairs are multiplied by a covariance at once.
  private static let pairsAtOnce = 1024

  /// Scores the pairs of one context.
  ///
  /// - Parameters:
  ///   - queries: Moments of the queries of all tokens except the first `sinks`, before RoPE.
  ///   - rotations: [layers]: averaged over the `futurePositions` after the context.
  ///   - scale: The factor for products of queries and keys.
  ///   - valueLengths: [layers · kvHeads][pairs].
  public init(
    queries: QueryMoments, rotations: [Rotation], scale: Float, valueLengths: [[Float]]
  ) {
    self.queries = queries
    self.rotations = rotations
    self.scale = scale
    self.valueLengths = valueLengths
  }

  /// Its number in a snapshot.
  public var id: ScorerID { .expectedAttention }

  /// One score for each pair, in order of position.
  public func scores(layer: Int, head: Int, keys: [Float], keyLength: Int) -> [Float] {
    let pairs = keys.count / keyLength
    let first = min(Self.sinks, pairs)
    // Rᵀk of each key, so that queries need no rotation.
    let turned = rotations[layer].turnedBack(
      Array(keys[(first * keyLength)...]), length: keyLength)
    var sums = [Float](repeating: 0, count: pairs - first)
    for member in 0..<queries.group {
      let attention = attention(
        turned, queryHead: layer * queries.queryHeads + head * queries.group + member,
        keyLength: keyLength)
      for (index, share) in attention.enumerated() { sums[index] += share }
    }
    let lengths = valueLengths[layer * queries.kvHeads + head].dropFirst(first)
    let scores = zip(sums, lengths).map { $0 / Float(queries.group) * $1 }
    return Array(repeating: (scores.max() ?? 0) + 1, count: first) + scores
  }

  /// The share of a query head's expected attention that each pair gets.
  private func attention(_ keys: [Float], queryHead: Int, keyLength: Int) -> [Float] {
    let (mean, covariance) = queries.moments(queryHead)
    var logits: [Float] = []
    logits.reserveCapacity(keys.count / keyLength)
    let size = Self.pairsAtOnce * keyLength
    for start in stride(from: 0, to: keys.count, by: size) {
      let part = Array(keys[start..<min(keys.count, start + size)])
      let spread = LinearAlgebra.product(part, covariance, length: keyLength)
      let products = QFilterScorer.scores(keys: part, filter: mean)
      for (pair, product) in products.enumerated() {
        var square: Float = 0
        for i in pair * keyLength..<(pair + 1) * keyLength { square += part[i] * spread[i] }
        logits.append(scale * product + scale * scale / 2 * square)
      }
    }
    return Softmax.shares(logits)
  }
}
