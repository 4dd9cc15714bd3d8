/// Which of a head's pairs a question keeps: some of the best-ranked ones, and those that the question
/// itself attends to most.
public enum RecallSelection {
  /// The share of the kept pairs that the ranking's first ones take: sinks, the last few tokens.
  static let rankedShare = 0.125
  /// Attention is averaged over so many neighbouring pairs, because what belongs together stands together
  /// (SnapKV's pooling, arXiv 2404.14469).
  static let pooling = 9

  /// Places of the kept pairs in order of position, ascending.
  ///
  /// - Parameters:
  ///   - ranking: Places of all pairs, best first.
  ///   - mass: The attention that each place got from the question.
  ///   - kept: How many pairs to keep.
  public static func places(ranking: [Int], mass: [Float], kept: Int) -> [Int] {
    let kept = min(kept, ranking.count)
    var isKept = [Bool](repeating: false, count: ranking.count)
    let ranked = Int(Double(kept) * rankedShare)
    for place in ranking.prefix(ranked) { isKept[place] = true }
    let pooled = pool(mass, over: pooling)
    let asked = isKept.indices.filter { !isKept[$0] }.sorted { (pooled[$0], $1) > (pooled[$1], $0) }
    for place in asked.prefix(kept - ranked) { isKept[place] = true }
    return isKept.indices.filter { isKept[$0] }
  }

  /// The mean over each place and its neighbours; beyond the ends there is nothing.
  public static func pool(_ mass: [Float], over width: Int) -> [Float] {
    let reach = width / 2
    return mass.indices.map { place in
      let neighbours = max(0, place - reach)...min(mass.count - 1, place + reach)
      return mass[neighbours].reduce(0, +) / Float(width)
    }
  }
}
