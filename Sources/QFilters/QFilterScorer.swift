/// Scores pairs by ⟨key after RoPE, filter⟩: the lowest go first (arXiv 2503.02812).
public struct QFilterScorer: PairScorer {
  private let filter: [Float]

  /// Takes the Q-Filter of the keys' layer and head.
  public init(filter: [Float]) { self.filter = filter }

  /// ⟨k, filter⟩.
  public func scores(keys: [Float], length: Int) -> [Float] {
    precondition(length == filter.count && length > 0 && keys.count % length == 0)
    let keys = keys.span
    let filter = filter.span
    return (0..<keys.count / length).map { pair in
      var sum: Float = 0
      for i in 0..<length { sum += keys[pair * length + i] * filter[i] }
      return sum
    }
  }
}
