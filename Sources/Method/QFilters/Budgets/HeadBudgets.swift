/// How many pairs each compression keeps in each head, when one threshold over all heads decides.
///
/// ×N keeps ⌊tokens / N⌋ pairs per head on average: more if floors require it, fewer if no scored
/// pair is left. The pairs of all heads are taken by descending score. So a head with many good
/// pairs keeps more. A head's floor is the greater of its protected pairs and a share of the
/// average.
public enum HeadBudgets {
  /// What is known of one head.
  public struct Head: Sendable {
    /// The number of pairs that every compression keeps: sinks and window.
    public var protected: Int
    /// Whether every compression keeps all pairs. Such a head takes nothing from the others.
    public var isWhole: Bool
    /// Scores of the pairs that a later token sees, without the protected ones. Those of all heads
    /// are compared.
    public var scores: [Float]

    /// One head.
    public init(protected: Int, isWhole: Bool = false, scores: [Float]) {
      self.protected = protected
      self.isWhole = isWhole
      self.scores = scores
    }
  }

  /// The number of pairs of each head at each compression, [compressions][heads]. A compression
  /// keeps at least as many pairs of a head as the one before it.
  ///
  /// Equal scores are taken in order of heads, and in a head in order of `scores`. Scores that are
  /// not numbers come last. Pairs that are neither protected nor scored are kept by ×1 alone.
  ///
  /// - Parameters:
  ///   - tokens: The number of pairs that a head has.
  ///   - compressions: Strictly decreasing, each ≥ 1.
  ///   - heads: In the order of layers.
  ///   - floorShare: What share of ⌊tokens / N⌋ every head has at least, 0 … 1.
  public static func counts(
    tokens: Int, compressions: [Int], heads: [Head], floorShare: Double
  ) -> [[Int]] {
    let shared = compressions.filter { $0 > 1 }
    let counts = counts(
      of: tokens, averages: shared.map { tokens / $0 }, heads: heads, floorShare: floorShare)
    return counts
      + Array(repeating: heads.map { _ in tokens }, count: compressions.count - shared.count)
  }

  /// The number of pairs of each head when heads that are not whole keep `averages[i]` pairs on
  /// average, [averages][heads]. The rest is as above.
  ///
  /// - Parameters:
  ///   - tokens: How many pairs a whole head has.
  ///   - averages: Ascending.
  ///   - heads: What is known of each head.
  ///   - floorShare: What share of the average every head has at least, 0 … 1.
  public static func counts(
    of tokens: Int, averages: [Int], heads: [Head], floorShare: Double
  ) -> [[Int]] {
    precondition(0...1 ~= floorShare, "a share is 0 to 1")
    let shared = heads.indices.filter { !heads[$0].isWhole }
    let order = headsByScore(heads)
    // [heads]: protected pairs, and those that are taken so far.
    var held = heads.map(\.protected)
    var next = 0
    return averages.map { average in
      var counts = heads.map { head in
        head.isWhole ? tokens : floor(of: head, average: average, share: floorShare)
      }
      for head in shared { counts[head] = max(counts[head], held[head]) }
      var left = shared.count * average - shared.reduce(0) { $0 + counts[$1] }
      while left > 0, next < order.count {
        let head = Int(order[next])
        next += 1
        held[head] += 1
        if held[head] > counts[head] {
          counts[head] += 1
          left -= 1
        }
      }
      return counts
    }
  }

  private static func floor(of head: Head, average: Int, share: Double) -> Int {
    min(
      head.protected + head.scores.count, max(head.protected, Int(share * Double(average))))
  }

  /// The head of each pair of heads that are not whole, by descending score of the pairs.
  private static func headsByScore(_ heads: [Head]) -> [UInt32] {
    var pairs: [ScoredPair] = []
    pairs.reserveCapacity(heads.reduce(0) { $0 + ($1.isWhole ? 0 : $1.scores.count) })
    for (index, head) in heads.enumerated() where !head.isWhole {
      for score in head.scores { pairs.append(ScoredPair(score, head: index)) }
    }
    return ScoredPair.sorted(pairs).map(\.head)
  }
}
