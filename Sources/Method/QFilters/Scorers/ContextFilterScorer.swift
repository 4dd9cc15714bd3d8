public import CacheFormat
import Platform

/// Scores a context's pairs by Q-Filters that are rotated to the positions after it, with a share
/// of KeyDiff's scores.
///
/// Each query head's rotated filter stands in for the queries to come. They would pay a pair the
/// attention
///
///     softmax(s · ⟨k, R filter⟩)
///
/// over all pairs. A pair's score by filters is the logarithm of its mean over the query heads that
/// share the KV head. For a bank without filters of query heads it is ⟨k, R filter⟩. Filters cannot
/// see repetitions, which need not all be kept, so half of KeyDiff's score is added. Both scores
/// are standardised over the head's pairs. docs/results.md tells how this was found.
public struct ContextFilterScorer: Scorer {
  /// How much of KeyDiff's standardised score is added to the filters'.
  static let keyDiffShare: Float = 0.5

  /// Pairs that would get less attention than this all score the same.
  private static let leastShare: Float = 1e-12

  private let bank: FilterBank
  private let rotations: [Rotation]
  private let scale: Float

  /// Scores the pairs of one context.
  ///
  /// - Parameters:
  ///   - bank: The filters of the model.
  ///   - rotations: [layers]: the rotation of each layer's filters.
  ///   - scale: The factor for products of queries and keys.
  public init(_ bank: FilterBank, turnedBy rotations: [Rotation], scale: Float) {
    (self.bank, self.rotations, self.scale) = (bank, rotations, scale)
  }

  /// Its number in a snapshot.
  public var id: ScorerID { .qFilters }
  /// The filter bank's digest.
  public var filterDigest: Digest { bank.digest }

  /// One score for each pair, in order of position.
  public func scores(layer: Int, head: Int, keys: [Float], keyLength: Int) -> [Float] {
    let filtered = Standardised.scores(byFilters(layer: layer, head: head, keys: keys))
    let different = Standardised.scores(
      KeyDiffScorer().scores(layer: layer, head: head, keys: keys, keyLength: keyLength))
    return zip(filtered, different).map { $0 + Self.keyDiffShare * $1 }
  }

  private func byFilters(layer: Int, head: Int, keys: [Float]) -> [Float] {
    guard let heads = bank.heads else {
      let filter = rotations[layer].turned(bank.filter(layer: layer, head: head))
      return QFilterScorer.scores(keys: keys, filter: filter)
    }
    let group = heads.queryHeads / bank.shape.kvHeads
    var sums = [Float](repeating: 0, count: keys.count / bank.shape.headLength)
    for queryHead in head * group..<(head + 1) * group {
      let filter = rotations[layer].turned(heads.filter(layer: layer, queryHead: queryHead))
      let products = QFilterScorer.scores(keys: keys, filter: filter)
      for (pair, share) in Softmax.shares(products.map { $0 * scale }).enumerated() {
        sums[pair] += share
      }
    }
    return sums.map { logf(max($0 / Float(group), Self.leastShare)) }
  }
}
