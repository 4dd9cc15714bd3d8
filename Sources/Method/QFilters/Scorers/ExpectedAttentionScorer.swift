public import CacheFormat

/// Keeps what queries of the context's own distribution are expected to attend to, times the length of what
/// they would get (Expected Attention, arXiv 2510.00636, as kvpress' `ExpectedAttentionPress` has it).
///
/// Of each query head the mean μ and the covariance Σ of the context's queries before RoPE are known. At the
/// positions to come RoPE turns them by R, of which the mean over the next 512 positions is taken. For a
/// normal distribution the expectation of exp(s · ⟨q, k⟩) is
///
///     exp(s · ⟨Rμ, k⟩ + s² / 2 · kᵀ R Σ Rᵀ k)
///
/// A pair's score is that, divided by the sum over all pairs, averaged over the query heads that share the
/// KV head, times ‖value‖. The first tokens, which all queries attend to, are left out of all that and come
/// first.
public struct ExpectedAttentionScorer: Scorer {
  /// So many first tokens are neither counted as queries nor scored.
  public static let sinks = 4
  /// Over so many positions to come RoPE is averaged.
  public static let futurePositions = 512

  private let queries: QueryMoments
  private let rotations: [Rotation]
  private let scale: Float
  private let valueLengths: [[Float]]

  /// Pairs that are multiplied by a covariance at once.
  private static let pairsAtOnce = 1024

  /// Scores the pairs of one context.
  ///
  /// - Parameters:
  ///   - queries: Of the context's tokens but for the first `sinks`, before RoPE.
  ///   - rotations: Of each layer, averaged over the `futurePositions` behind the context.
  ///   - scale: What products of queries and keys are multiplied by.
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

  /// One score a pair, in order of position.
  public func scores(layer: Int, head: Int, keys: [Float], keyLength: Int) -> [Float] {
    let pairs = keys.count / keyLength
    let first = min(Self.sinks, pairs)
    // Rᵀk of each key, so that queries need not be turned.
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
