public import CacheFormat

/// Scores pairs by ⟨key after RoPE, filter⟩ (arXiv 2503.02812).
public struct QFilterScorer: PairScorer {
  private let bank: FilterBank
  private let rotations: [Rotation]?

  /// Scores by the filters of the model that the keys are of.
  ///
  /// - Parameter rotations: Of each layer, what its filters are turned by first; nil to score by them as they are.
  public init(_ bank: FilterBank, turnedBy rotations: [Rotation]? = nil) {
    (self.bank, self.rotations) = (bank, rotations)
  }

  /// Its number in a snapshot.
  public var scorer: TierTable.Scorer { .qFilters }
  /// The filter bank's.
  public var filterDigest: Digest { bank.digest }

  /// One score a pair, in order of position.
  public func scores(layer: Int, head: Int, keys: [Float], keyLength: Int) -> [Float] {
    let filter = bank.filter(layer: layer, head: head)
    return Self.scores(keys: keys, filter: rotations?[layer].turned(filter) ?? filter)
  }

  /// One score a pair.
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
