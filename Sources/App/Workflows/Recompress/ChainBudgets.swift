import CacheFormat

/// The budgets of a chain's heads when it becomes one snapshot.
///
/// Each snapshot of a chain has budgets of its own. A head's share of what ×N keeps is the share
/// that it has in all snapshots together.
struct ChainBudgets {
  /// Those of the snapshots.
  let tables: [TierTable]
  /// Tokens of the whole context.
  let tokens: Int
  /// [layers · kvHeads], the least number of pairs that any compression keeps.
  let floors: [Int]
  /// [layers · kvHeads], the number of stored pairs; nil if all are.
  let stored: [Int]?

  /// [TierTable.ratios(at: compression)][layers · kvHeads]: how many pairs each ratio keeps.
  func counts(at compression: Int) -> [[Int]] {
    TierTable.ratios(at: compression).map(counts(keptBy:))
  }

  private func counts(keptBy ratio: Int) -> [Int] {
    let shared = floors.indices.filter { floors[$0] < tokens }
    let weights = floors.indices.map { weight(of: $0, ratio: ratio) }
    let sum = shared.reduce(0) { $0 + weights[$1] }
    let share = tokens / ratio
    let stored = stored ?? floors.map { _ in tokens }
    var counts = stored
    for head in shared {
      // A weight is below 2⁴¹, there are at most 2²⁴ heads, and a share is below 2³¹.
      let part =
        sum == 0
        ? share
        : Int(
          Int128(weights[head]) * Int128(shared.count) * Int128(share) / Int128(sum))
      counts[head] = min(stored[head], max(floors[head], part))
    }
    return counts
  }

  /// How many pairs of a head ×`ratio` keeps in all snapshots.
  private func weight(of index: Int, ratio: Int) -> Int {
    tables.reduce(0) { sum, table in
      let (layer, head) = index.quotientAndRemainder(dividingBy: table.kvHeads)
      return sum + (table.kept(compression: ratio, layer: layer, head: head) ?? 0)
    }
  }
}
