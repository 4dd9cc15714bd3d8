/// Which of a head's pairs a question keeps: the best-ranked ones, and the ones that the question
/// attends to most.
public enum RecallTopK {
  /// The share of the kept pairs that the ranking's first ones take: sinks, the last few tokens.
  static let rankedShare = 0.125
  /// Attention is averaged over this many neighbouring pairs, because text that belongs together is
  /// adjacent (SnapKV's pooling, arXiv 2404.14469).
  static let pooling = 9

  /// The slots of the kept pairs, ascending. A slot is a pair's index in order of position.
  ///
  /// - Parameters:
  ///   - ranking: The slots of all pairs, best first.
  ///   - mass: [slots], the attention that each pair got from the question.
  ///   - kept: How many pairs to keep.
  public static func slots(ranking: [Int], mass: [Float], kept: Int) -> [Int] {
    let kept = min(kept, ranking.count)
    var isKept = [Bool](repeating: false, count: ranking.count)
    let ranked = Int(Double(kept) * rankedShare)
    for slot in ranking.prefix(ranked) { isKept[slot] = true }
    let pooled = pool(mass, over: pooling)
    var rest = kept - ranked
    guard rest > 0 else { return isKept.indices.filter { isKept[$0] } }
    let others = isKept.indices.filter { !isKept[$0] }
    // Numbers sort much faster than slots. Among equal ones the first slots are kept.
    let least = others.map { pooled[$0] }.sorted(by: >)[rest - 1]
    for slot in others where pooled[slot] > least {
      isKept[slot] = true
      rest -= 1
    }
    for slot in others.lazy.filter({ pooled[$0] == least }).prefix(rest) { isKept[slot] = true }
    return isKept.indices.filter { isKept[$0] }
  }

  /// The mean over each pair and its neighbours, `width` pairs in all. Beyond the ends attention is
  /// 0.
  public static func pool(_ mass: [Float], over width: Int) -> [Float] {
    let reach = width / 2
    return mass.indices.map { slot in
      var sum: Float = 0
      for neighbour in max(0, slot - reach)...min(mass.count - 1, slot + reach) {
        sum += mass[neighbour]
      }
      return sum / Float(width)
    }
  }
}
