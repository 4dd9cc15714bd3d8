import CacheFormat
import TestSupport
import Testing

@testable import Workflows

/// What each head keeps when a chain becomes one snapshot.
@Suite struct ChainBudgetsTests {
  @Test func givesEachHeadItsShareOfTheChain() {
    // ×4 keeps 24 pairs in all snapshots: 8, 12 and 4 of the heads.
    let tables = [
      table(tokens: 16, at: 4, [4, 7, 1]), table(tokens: 16, at: 4, [4, 5, 3], from: 16),
    ]
    #expect(counts(tables, at: 4).last == [8, 12, 4])
  }

  @Test func keepsEqualBudgetsEqual() {
    for seed in 1...60 as ClosedRange<UInt64> {
      var generator = SeededGenerator(seed: seed)
      var (tables, tokens): ([TierTable], Int) = ([], 0)
      let floor = Int.random(in: 0...70, using: &generator)
      for _ in 0..<Int.random(in: 1...5, using: &generator) {
        let own = Int.random(in: 0...300, using: &generator)
        tables.append(
          TierTable(
            sinks: 0, window: floor, layers: 2, kvHeads: 2, firstPosition: tokens, tokens: own,
            floors: [own, own, floor, floor], compression: 1))
        tokens += own
      }
      let protected = min(floor, tokens)
      let floors = [tokens, tokens, protected, protected]
      let stored = (0..<4).map { _ in Int.random(in: tokens / 2...tokens, using: &generator) }
      for compression in [1, 3, 8, 64, 65] {
        let equal = TierTable.ratios(at: compression).map { ratio in
          (0..<4).map { min(stored[$0], max(tokens / ratio, floors[$0])) }
        }
        let budgets = ChainBudgets(tables: tables, tokens: tokens, floors: floors, stored: stored)
        #expect(budgets.counts(at: compression) == equal, "seed \(seed), ×\(compression)")
      }
    }
  }

  @Test func keepsNoMoreThanTheCompressionSaysNorThanIsStored() {
    let tables = [
      table(tokens: 40, at: 8, [0, 30, 30]),
      table(tokens: 40, at: 8, [4, 4, 7], from: 40),
    ]
    let stored = [3, 25, 37]
    let kept = counts(tables, at: 8, stored: stored)
    for (ratio, counts) in zip(TierTable.ratios(at: 8), kept) {
      #expect(zip(counts, stored).allSatisfy { $0 <= $1 })
      #expect(counts.reduce(0, +) <= 3 * (80 / ratio))
    }
  }

  @Test func leavesWholeHeadsAside() {
    let tables = [
      table(tokens: 16, at: 4, [16, 6, 2]), table(tokens: 16, at: 4, [16, 4, 4], from: 16),
    ]
    let budgets = ChainBudgets(tables: tables, tokens: 32, floors: [32, 0, 0], stored: nil)
    #expect(budgets.counts(at: 4).last == [32, 10, 6])
  }

  @Test func countsTheGreatestContextWithoutOverflow() {
    let most = Int(Int32.max)
    let heads = 1 << 12
    let table = TierTable(
      scorer: .linear, sinks: 0, window: 0, layers: 1, kvHeads: heads, tokens: most,
      floors: [Int](repeating: 0, count: heads),
      budgets: [[Int](repeating: most, count: heads)], compression: 64)
    let budgets = ChainBudgets(
      tables: [TierTable](repeating: table, count: 64), tokens: most,
      floors: [Int](repeating: 0, count: heads), stored: nil)
    #expect(budgets.counts(at: 64).last == [Int](repeating: most / 64, count: heads))
  }

  private func counts(
    _ tables: [TierTable], at compression: Int, stored: [Int]? = nil
  ) -> [[Int]] {
    let tokens = tables.reduce(0) { $0 + $1.tokens }
    return ChainBudgets(
      tables: tables, tokens: tokens, floors: [0, 0, 0], stored: stored
    ).counts(at: compression)
  }

  /// One layer of three heads; the ratios before the last one keep a part of what it keeps.
  private func table(
    tokens: Int, at compression: Int, _ last: [Int], from first: Int = 0
  ) -> TierTable {
    let budgets = TierTable.ratios(at: compression).map { ratio in
      last.map { $0 * compression / ratio }
    }
    return TierTable(
      scorer: .linear, sinks: 0, window: 0, layers: 1, kvHeads: 3, firstPosition: first,
      tokens: tokens, floors: [0, 0, 0], budgets: budgets, compression: compression)
  }
}
