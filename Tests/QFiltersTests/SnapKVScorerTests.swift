import QFilters
import TestSupport
import Testing

@Suite("SnapKV's scores")
struct SnapKVScorerTests {
  private func scores(_ attention: [Float]) -> [Float] {
    SnapKVScorer(attention: [[], attention], kvHeads: 1)
      .scores(layer: 1, head: 0, keys: [Float](repeating: 0, count: attention.count), keyLength: 1)
  }

  @Test(
    "are the mean attention of each pair and two neighbours on either side, of none in the window")
  func pooled() {
    let attention: [Float] = [5, 0, 0, 10, 0, 0, 0, 20] + [Float](repeating: 100, count: 64)
    #expect(scores(attention)[..<8] == [1, 3, 3, 2, 2, 6, 4, 4])
  }

  @Test("put the last 64 pairs before all others, the last one first")
  func window() {
    for count in [1, 64, 65, 300] {
      var random = SeededGenerator(seed: UInt64(count))
      let attention = (0..<count).map { _ in Float.random(in: 0...9, using: &random) }
      let order = Ranking(sinks: 0, window: 0).order(scores(attention))
      #expect(order.prefix(64).map(Int.init) == Array((0..<count).suffix(64).reversed()))
    }
  }
}
