import CacheFormat
import TestSupport
import Testing

/// What each compression keeps where heads have different budgets.
@Suite struct TierTableBudgetTests {
  @Test func growsBetweenTiersAsTheAverageDoes() {
    // ×4 of 120 tokens keeps 30 pairs of a head on average, ×3 40 and ×2 60.
    let table = table(tokens: 120, [[30, 50, 10], [60, 114, 6]], ratios: [4, 2], floors: 6)
    #expect((0..<3).map { table.kept(compression: 4, layer: 0, head: $0) } == [30, 50, 10])
    // A third of the way from ×4 to ×2.
    #expect((0..<3).map { table.kept(compression: 3, layer: 0, head: $0) } == [40, 71, 10])
    #expect((0..<3).map { table.kept(compression: 2, layer: 0, head: $0) } == [60, 114, 10])
  }

  @Test func growsFromTheFloorBeforeTheFirstTier() {
    let table = table(tokens: 640, [[10, 16, 4]], ratios: [64], floors: 4)
    #expect((0..<3).map { table.kept(compression: 64, layer: 0, head: $0) } == [10, 16, 4])
    // 7 pairs on average, half of the way from the floor of 4 to 10.
    #expect((0..<3).map { table.kept(compression: 90, layer: 0, head: $0) } == [7, 10, 4])
    #expect((0..<3).map { table.kept(compression: 1000, layer: 0, head: $0) } == [4, 4, 4])
  }

  @Test func keepsHeadsWholeWhateverTheOthersHold() {
    let budgets = TierTable.ratios(at: 4).map { [100, $0 == 4 ? 20 : 9] }
    let table = TierTable(
      scorer: .linear, sinks: 1, window: 1, layers: 1, kvHeads: 2, tokens: 100,
      floors: [100, 2], budgets: budgets, compression: 4)
    for compression in 4...200 {
      #expect(table.kept(compression: compression, layer: 0, head: 0) == 100)
    }
    #expect(table.kept(compression: 8, layer: 0, head: 1) == 9)
    #expect(table.hasEqualBudgets)
  }

  @Test func isMonotoneAndWithinItsTiers() {
    for seed in 1...80 as ClosedRange<UInt64> {
      var generator = SeededGenerator(seed: seed)
      let table = randomTable(&generator)
      for head in 0..<6 {
        var last = 0
        for compression in (1...90).reversed() {
          guard let tiers = table.tiersNeeded(compression: compression),
            let kept = table.kept(compression: compression, layer: head / 3, head: head % 3)
          else { continue }
          let stored = table.total(through: tiers - 1, layer: head / 3, head: head % 3)
          #expect(kept >= last && kept <= stored, "seed \(seed), ×\(compression), head \(head)")
          last = kept
        }
      }
    }
  }

  @Test func keepsNoMorePairsThanTheCompressionSays() {
    for seed in 1...80 as ClosedRange<UInt64> {
      var generator = SeededGenerator(seed: seed)
      let table = randomTable(&generator)
      for compression in 1...90 {
        let kept = (0..<6).compactMap {
          table.kept(compression: compression, layer: $0 / 3, head: $0 % 3)
        }
        #expect(
          kept.reduce(0, +) <= 6 * (table.tokens / compression),
          "seed \(seed), ×\(compression)")
      }
    }
  }

  @Test func holdsAtACompressionWhatItKeptBefore() throws {
    for seed in 1...40 as ClosedRange<UInt64> {
      var generator = SeededGenerator(seed: seed)
      let table = randomTable(&generator)
      for compression in 1...70 {
        guard let smaller = table.recompressed(to: compression) else {
          #expect(table.tiersNeeded(compression: compression) == nil)
          continue
        }
        #expect(smaller.ratios == TierTable.ratios(at: compression))
        for ratio in smaller.ratios {
          for head in 0..<6 {
            #expect(
              smaller.kept(compression: ratio, layer: head / 3, head: head % 3)
                == table.kept(compression: ratio, layer: head / 3, head: head % 3),
              "seed \(seed), ×\(compression) at ×\(ratio)")
          }
        }
      }
    }
  }

  @Test func recompressesEqualBudgetsToEqualBudgets() {
    for seed in 1...40 as ClosedRange<UInt64> {
      var generator = SeededGenerator(seed: seed)
      let tokens = Int.random(in: 0...700, using: &generator)
      let floors = (0..<6).map { _ in Int.random(in: 0...800, using: &generator) }
      func table(_ compression: Int) -> TierTable {
        TierTable(
          sinks: 4, window: 64, layers: 2, kvHeads: 3, tokens: tokens, floors: floors,
          compression: compression)
      }
      let compression = Int.random(in: 1...70, using: &generator)
      for smaller in compression...80 {
        #expect(table(compression).recompressed(to: smaller) == table(smaller), "seed \(seed)")
      }
    }
  }

  @Test func raisesABudgetThatIsLessThanTheOneBefore() {
    let table = table(tokens: 100, [[30, 40, 90], [20, 50, 200]], ratios: [4, 2], floors: 0)
    #expect((0..<3).map { table.kept(compression: 2, layer: 0, head: $0) } == [30, 50, 100])
    #expect((0..<3).map { table.count(tier: 5, layer: 0, head: $0) } == [0, 10, 10])
    #expect(!table.hasEqualBudgets)
  }

  /// A table of the usual ratios down to the last one; those before the first keep floors alone.
  private func table(tokens: Int, _ last: [[Int]], ratios: [Int], floors: Int) -> TierTable {
    TierTable(
      scorer: .linear, sinks: 1, window: 1, layers: 1, kvHeads: last[0].count, tokens: tokens,
      floors: last[0].map { _ in floors }, budgets: budgets(last, ratios: ratios),
      compression: ratios[ratios.count - 1])
  }

  private func budgets(_ last: [[Int]], ratios: [Int]) -> [[Int]] {
    let all = TierTable.ratios(at: ratios[ratios.count - 1])
    return all.map { ratio in
      ratios.firstIndex(of: ratio).map { last[$0] } ?? last[0].map { _ in 0 }
    }
  }

  /// Two layers of three heads, whose counts add up to what each ratio is to keep.
  private func randomTable(_ generator: inout SeededGenerator) -> TierTable {
    let tokens = Int.random(in: 0...700, using: &generator)
    let compression = Int.random(in: 1...70, using: &generator)
    var counts = [Int](repeating: 0, count: 6)
    let budgets = TierTable.ratios(at: compression).map { ratio in
      var left = 6 * (tokens / ratio) - counts.reduce(0, +)
      let favourite = Int.random(in: 0..<6, using: &generator)
      while left > 0 {
        let head =
          Bool.random(using: &generator) ? favourite : Int.random(in: 0..<6, using: &generator)
        guard counts[head] < tokens else { continue }
        counts[head] += 1
        left -= 1
      }
      return counts
    }
    return TierTable(
      scorer: .linear, sinks: 0, window: 0, layers: 2, kvHeads: 3, tokens: tokens,
      floors: [Int](repeating: 0, count: 6), budgets: budgets, compression: compression)
  }
}
