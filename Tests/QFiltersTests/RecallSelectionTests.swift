import TestSupport
import Testing

@testable import QFilters

@Suite("Pairs that a question keeps")
struct RecallSelectionTests {
  @Test("an eighth goes to the ranking's first, the rest to what the question attends to")
  func shares() {
    var mass = [Float](repeating: 0, count: 100)
    mass[70] = 1
    let ranking = [0, 1, 99, 98] + (2..<98)
    let places = RecallSelection.places(ranking: ranking, mass: mass, kept: 16)
    // The neighbours within reach of pooling have equal mass; then the first places of no mass at all.
    #expect(places == [0, 1, 2, 3, 4, 5, 6] + Array(66...74))
  }

  @Test("exactly as many are kept as are asked for, each once, in order, on random attention")
  func property() {
    for seed in UInt64(1)...50 {
      var random = SeededGenerator(seed: seed)
      let count = Int.random(in: 1...300, using: &random)
      let mass = (0..<count).map { _ in Float.random(in: 0...1, using: &random) }
      let kept = Int.random(in: 0...count + 5, using: &random)
      let ranking = (0..<count).shuffled(using: &random)
      let places = RecallSelection.places(ranking: ranking, mass: mass, kept: kept)
      #expect(places.count == min(kept, count), "seed \(seed)")
      #expect(zip(places, places.dropFirst()).allSatisfy { $0 < $1 }, "seed \(seed)")
      let ranked = ranking.prefix(Int(Double(min(kept, count)) * 0.125))
      #expect(Set(places).isSuperset(of: ranked), "seed \(seed)")
    }
  }

  @Test("smoothing is the mean over neighbours, with nothing beyond the ends")
  func pooling() {
    #expect(RecallSelection.pool([3, 0, 0, 6], over: 3) == [1, 1, 2, 2])
    #expect(RecallSelection.pool([], over: 3).isEmpty)
  }
}
