public import CacheFormat

/// Scores pairs by ⟨key after RoPE, filter⟩ (arXiv 2503.02812).
public struct QFilterScorer: Scorer {
  private let bank: FilterBank

  /// Scores by the filters of the model that the keys are of.
  public init(_ bank: FilterBank) { self.bank = bank }

  /// Its number in a snapshot.
  public var id: ScorerID { .qFilters }
  /// The filter bank's digest.
  public var filterDigest: Digest { bank.digest }

  /// One score for each pair, in order of position.
  public func scores(layer: Int, head: Int, keys: [Float], keyLength: Int) -> [Float] {
    Self.scores(keys: keys, filter: bank.filter(layer: layer, head: head))
  }

  /// One score for each pair.
  ///
  /// - Parameters:
  ///   - keys: [pairs × filter.count], keys after RoPE in half-split order.
  ///   - filter: The Q-Filter of the keys' layer and head.
  public static func scores(keys: [Float], filter: [Float]) -> [Float] {
    let length = filter.count
    precondition(length > 0 && keys.count % length == 0)
    let keys = keys.span
    let filter = filter.span
    return (0..<keys.count / length).map { pair in
      var sum: Float = 0
      for i in 0..<length { sum += keys[pair * length + i] * filter[i] }
      return sum
    }
  }
}
