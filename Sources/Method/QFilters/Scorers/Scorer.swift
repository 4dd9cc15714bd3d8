public import CacheFormat

/// Gives every KV pair of a head a score. The lowest are dropped first.
///
/// A scorer that needs more than keys, such as the context's queries, holds it itself.
public protocol Scorer: Sendable {
  /// The scorer's number in a snapshot.
  var id: ScorerID { get }
  /// The digest of the filter bank that it uses; zero if none.
  var filterDigest: Digest { get }

  /// One score for each pair, in order of position.
  ///
  /// - Parameters:
  ///   - layer: The layer of the head.
  ///   - head: The KV head.
  ///   - keys: [pairs × keyLength], keys after RoPE in half-split order.
  ///   - keyLength: Elements of a key.
  func scores(layer: Int, head: Int, keys: [Float], keyLength: Int) -> [Float]

  /// A head's scores by which heads share what a compression keeps; those of all heads can be
  /// compared. Nil if all heads are to keep equally many pairs.
  func budgetScores(layer: Int, head: Int) -> [Float]?

  /// As `scores(layer:head:keys:keyLength:)`, for pairs between which others have been dropped.
  /// Scores depend on positions, not on
  /// indices.
  func scores(
    layer: Int, head: Int, positions: [UInt32], keys: [Float], keyLength: Int
  ) -> [Float]
}

extension Scorer {
  /// No filter bank.
  public var filterDigest: Digest { .zero }

  /// Equal budgets.
  public func budgetScores(layer: Int, head: Int) -> [Float]? { nil }

  /// Only keys decide, or the order of positions.
  public func scores(
    layer: Int, head: Int, positions: [UInt32], keys: [Float], keyLength: Int
  ) -> [Float] {
    scores(layer: layer, head: head, keys: keys, keyLength: keyLength)
  }
}
