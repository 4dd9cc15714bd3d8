public import CacheFormat

/// Gives every KV pair of a head a score: the lowest go first.
///
/// A scorer that needs more than keys, such as the context's queries, holds what it needs itself.
public protocol Scorer: Sendable {
  /// The scorer's number in a snapshot.
  var id: ScorerID { get }
  /// The digest of the filter bank that it uses; zero if it uses none.
  var filterDigest: Digest { get }

  /// One score a pair, in order of position.
  ///
  /// - Parameter keys: [pairs × keyLength], keys after RoPE in half-split order.
  func scores(layer: Int, head: Int, keys: [Float], keyLength: Int) -> [Float]

  /// The same of pairs between which others were let go; what a score has of a pair's place, it has of its
  /// position.
  func scores(
    layer: Int, head: Int, positions: [UInt32], keys: [Float], keyLength: Int
  ) -> [Float]
}

extension Scorer {
  /// No filter bank.
  public var filterDigest: Digest { .zero }

  /// Keys decide alone, or the order of positions.
  public func scores(
    layer: Int, head: Int, positions: [UInt32], keys: [Float], keyLength: Int
  ) -> [Float] {
    scores(layer: layer, head: head, keys: keys, keyLength: keyLength)
  }
}
