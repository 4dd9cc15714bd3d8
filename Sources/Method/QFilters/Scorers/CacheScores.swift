public import CacheFormat

/// Scores of a whole cache that are known already, as those of KVzip and linear ones are. Heads
/// share what a compression keeps by these scores.
public struct CacheScores: Scorer {
  /// The scorer's number in a snapshot.
  public let id: ScorerID
  /// The digest of the filter bank that was used; zero if none.
  public let filterDigest: Digest
  /// [layers · kvHeads][pairs].
  private let scores: [[Float]]
  private let kvHeads: Int

  /// - Parameters:
  ///   - id: Their number in a snapshot.
  ///   - scores: [layers · kvHeads][pairs], comparable between heads.
  ///   - kvHeads: KV heads of each layer.
  ///   - filterDigest: The bank that they were computed by; zero if there is none.
  public init(_ id: ScorerID, scores: [[Float]], kvHeads: Int, filterDigest: Digest = .zero) {
    (self.id, self.scores, self.kvHeads) = (id, scores, kvHeads)
    self.filterDigest = filterDigest
  }

  /// One score for each pair, in order of position.
  public func scores(layer: Int, head: Int, keys: [Float], keyLength: Int) -> [Float] {
    scores[layer * kvHeads + head]
  }

  /// The same scores.
  public func budgetScores(layer: Int, head: Int) -> [Float]? { scores[layer * kvHeads + head] }
}
