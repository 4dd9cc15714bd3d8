/// Scores pairs by ⟨key after RoPE, filter⟩: the lowest go first (arXiv 2503.02812).
public enum QFilterScorer {
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
