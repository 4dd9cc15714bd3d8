import Inference
import TestSupport
import Testing

@testable import Evaluation

@Suite("Spearman's rank correlation")
struct RankCorrelationTests {
  @Test("Spearman's correlation is Pearson's of ranks that ties share, on random lists")
  func spearman() throws {
    for seed in UInt64(1)...40 {
      var random = SeededGenerator(seed: seed)
      let count = Int.random(in: 2...60, using: &random)
      // Few different values, so that there are ties.
      let lists = (0..<2).map { _ in
        (0..<count).map { _ in Float(Int.random(in: 0...9, using: &random)) }
      }
      let ranks = lists.map { list in
        list.map { value in
          Double(list.count { $0 < value }) + Double(list.count { $0 == value } + 1) / 2
        }
      }
      let actual = try RankCorrelation.spearman(lists[0], lists[1])
      let expected = Self.pearson(ranks[0], ranks[1])
      #expect((actual == nil) == (expected == nil), "seed \(seed)")
      #expect(abs(Double(actual ?? 0) - (expected ?? 0)) < 1e-6, "seed \(seed)")
      let reverse = try RankCorrelation.spearman(lists[0], lists[0].map { -$0 })
      #expect(reverse ?? -1 <= -0.999)
    }
    #expect(try RankCorrelation.spearman([1, 1, 1], [1, 2, 3]) == nil)
    #expect(try RankCorrelation.spearman([], []) == nil)
  }

  @Test("a number that is not finite has no rank", arguments: [Float.nan, .infinity, -.infinity])
  func notFinite(number: Float) {
    #expect(throws: EngineError.self) { try RankCorrelation.spearman([1, number, 2], [1, 2, 3]) }
    #expect(throws: EngineError.self) { try RankCorrelation.spearman([1, 2, 3], [number, 1, 2]) }
  }

  private static func pearson(_ a: [Double], _ b: [Double]) -> Double? {
    let n = Double(a.count)
    let (sumA, sumB) = (a.reduce(0, +), b.reduce(0, +))
    let product = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } - sumA * sumB / n
    let squareA = a.reduce(0) { $0 + $1 * $1 } - sumA * sumA / n
    let squareB = b.reduce(0) { $0 + $1 * $1 } - sumB * sumB / n
    return squareA * squareB > 0 ? product / (squareA * squareB).squareRoot() : nil
  }
}
