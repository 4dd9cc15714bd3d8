public import CacheFormat

/// Scores pairs by ⟨key after RoPE, filter⟩ (arXiv 2503.02812).
public struct QFilterScorer: PairScorer {
  /// What keys are multiplied by, [layers][kvHeads][headLength].
  private let filters: [[[Float]]]
  /// The filter bank's.
  public let filterDigest: Digest

  /// Scores by the filters of the model that the keys are of.
  ///
  /// - Parameter rotations: Of each layer, what its filters are turned by first; nil to score by them as they are.
  public init(_ bank: FilterBank, turnedBy rotations: [Rotation]? = nil) {
    filterDigest = bank.digest
    filters = (0..<bank.shape.layers).map { layer in
      (0..<bank.shape.kvHeads).map { head in
        let filter = bank.filter(layer: layer, head: head)
        return rotations.map { $0[layer].turned(filter) } ?? filter
      }
    }
  }

  /// Its number in a snapshot.
  public var scorer: TierTable.Scorer { .qFilters }

  /// One score a pair, in order of position.
  public func scores(layer: Int, head: Int, keys: [Float], keyLength: Int) -> [Float] {
    Self.scores(keys: keys, filter: filters[layer][head])
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
