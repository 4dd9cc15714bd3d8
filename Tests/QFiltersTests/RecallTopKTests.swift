import TestSupport
import Testing

@testable import QFilters

@Suite("Pairs that a question keeps")
struct RecallTopKTests {
  @Test("an eighth of the pairs follows the ranking, the rest the question's attention")
  func shares() {
    var mass = [Float](repeating: 0, count: 100)
    mass[70] = 1
    let ranking = [0, 1, 99, 98] + (2..<98)
    let slots = RecallTopK.slots(ranking: ranking, mass: mass, kept: 16)
    // Neighbours within reach of pooling have equal mass; the first slots without mass come next.
    #expect(slots == [0, 1, 2, 3, 4, 5, 6] + Array(66...74))
  }

  @Test("on random attention the given number is kept, each pair once, in order")
  func property() {
    for seed in UInt64(1)...50 {
      var random = SeededGenerator(seed: seed)
      let count = Int.random(in: 1...300, using: &random)
      let mass = (0..<count).map { _ in Float.random(in: 0...1, using: &random) }
      let kept = Int.random(in: 0...count + 5, using: &random)
      let ranking = (0..<count).shuffled(using: &random)
      let slots = RecallTopK.slots(ranking: ranking, mass: mass, kept: kept)
      #expect(slots.count == min(kept, count), "seed \(seed)")
      #expect(zip(slots, slots.dropFirst()).allSatisfy { $0 < $1 }, "seed \(seed)")
      let ranked = ranking.prefix(Int(Double(min(kept, count)) * 0.125))
      #expect(Set(slots).isSuperset(of: ranked), "seed \(seed)")
    }
  }

  @Test("smoothing is the mean over neighbours, with zeros beyond the ends")
  func pooling() {
    #expect(RecallTopK.pool([3, 0, 0, 6], over: 3) == [1, 1, 2, 2])
    #expect(RecallTopK.pool([], over: 3).isEmpty)
  }

  @Test("among equal attention the first pairs are kept, as a sort of all pairs would keep them")
  func ties() {
    for seed in UInt64(1)...50 {
      var random = SeededGenerator(seed: seed)
      let count = Int.random(in: 9...200, using: &random)
      let mass = (0..<count).map { _ in Float(Int.random(in: 0...2, using: &random)) }
      let pooled = RecallTopK.pool(mass, over: RecallTopK.pooling)
      let kept = Int.random(in: 1...7, using: &random)
      let sorted = (0..<count).sorted { (pooled[$0], $1) > (pooled[$1], $0) }
      let slots = RecallTopK.slots(ranking: Array(0..<count), mass: mass, kept: kept)
      #expect(slots == sorted.prefix(kept).sorted(), "seed \(seed)")
    }
  }
}
