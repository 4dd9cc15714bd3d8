public import ByteIO
public import CacheFormat

/// A pair's score is infinite or not a number, so it has no rank.
public struct ScoreNotFinite: CategorisedError, Equatable, Sendable {
  /// The scorer.
  public let scorer: ScorerID
  /// The layer.
  public let layer: Int
  /// The KV head.
  public let head: Int

  /// No other category fits.
  public var category: FailureCategory { .other }

  /// What is wrong, and where.
  public var description: String {
    "layer \(layer), head \(head): a score by \(scorer.name) is not finite; "
      + "keys or values may be damaged"
  }
}

extension Scorer {
  /// Scores as `scores`, and checks them.
  ///
  /// - Throws: `ScoreNotFinite`.
  public func finiteScores(
    layer: Int, head: Int, keys: [Float], keyLength: Int
  ) throws(ScoreNotFinite) -> [Float] {
    let scores = scores(layer: layer, head: head, keys: keys, keyLength: keyLength)
    guard scores.allSatisfy(\.isFinite) else {
      throw ScoreNotFinite(scorer: id, layer: layer, head: head)
    }
    return scores
  }
}
