import CacheFormat
import TestSupport
import Testing

/// What each compression keeps.
@Suite struct TierTableTests {
  @Test(arguments: [
    (1, [64, 32, 16, 8, 4, 2, 1]), (2, [64, 32, 16, 8, 4, 2]), (3, [64, 32, 16, 8, 4, 3]),
    (32, [64, 32]), (63, [64, 63]), (64, [64]), (65, [65]), (1000, [1000]),
  ])
  func laysOutTheRatiosOfACompression(compression: Int, ratios: [Int]) {
    #expect(table(tokens: 100, floors: [0], compression: compression).ratios == ratios)
  }

  @Test func keepsWhatTheFormulaSaysWhateverWasStored() {
    for seed in 1...60 as ClosedRange<UInt64> {
      var generator = SeededGenerator(seed: seed)
      let tokens = Int.random(in: 0...700, using: &generator)
      let floors = (0..<6).map { _ in Int.random(in: -1...800, using: &generator) }
      let compression = Int.random(in: 1...70, using: &generator)
      let table = table(tokens: tokens, floors: floors, compression: compression)
      for ratio in 1...80 {
        for head in 0..<6 {
          let floor = min(max(floors[head], 0), tokens)
          let expected = ratio < compression ? nil : min(tokens, max(tokens / ratio, floor))
          #expect(
            table.kept(compression: ratio, layer: head / 3, head: head % 3) == expected,
            "seed \(seed), ratio \(ratio), head \(head)")
        }
      }
    }
  }

  @Test func readsNoMoreTiersThanACompressionNeeds() {
    let table = table(tokens: 640, floors: [0], compression: 1)
    #expect(table.tiersNeeded(compression: 1000) == 1)
    #expect(table.tiersNeeded(compression: 64) == 1)
    #expect(table.tiersNeeded(compression: 63) == 2)
    #expect(table.tiersNeeded(compression: 32) == 2)
    #expect(table.tiersNeeded(compression: 1) == 7)
    #expect(table.tiersNeeded(compression: 0) == nil)
    #expect(table.tiersNeeded(compression: -5) == nil)
  }

  @Test func addsItsCountsUp() {
    let table = table(tokens: 100, floors: [0, 30, 100], compression: 1)
    let first = (0..<table.tierCount).map { table.count(tier: $0, layer: 0, head: 0) }
    #expect(first == [1, 2, 3, 6, 13, 25, 50])
    let second = (0..<table.tierCount).map { table.count(tier: $0, layer: 0, head: 1) }
    #expect(second == [30, 0, 0, 0, 0, 20, 50])
    #expect(table.pairs(tier: 0, layer: 0) == 131)
  }

  @Test func knowsWhetherTheWholeCacheIsStored() {
    #expect(table(tokens: 100, floors: [0, 0, 0], compression: 1).isWhole)
    #expect(table(tokens: 0, floors: [0, 0, 0], compression: 1).isWhole)
    #expect(!table(tokens: 100, floors: [0, 0, 0], compression: 2).isWhole)
    // Every pair is stored, but only the last ratio tells.
    #expect(!table(tokens: 100, floors: [100, 100, 100], compression: 2).isWhole)
  }

  private func table(tokens: Int, floors: [Int], compression: Int) -> TierTable {
    let layers = floors.count == 6 ? 2 : 1
    return TierTable(
      sinks: 0, window: 0, layers: layers, kvHeads: floors.count / layers, tokens: tokens,
      floors: floors, compression: compression)
  }
}
