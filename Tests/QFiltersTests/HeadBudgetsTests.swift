import QFilters
import TestSupport
import Testing

/// How one threshold over all heads becomes a number of pairs for each.
@Suite struct HeadBudgetsTests {
  @Test func givesAHeadWithBetterPairsMore() {
    let heads = [
      HeadBudgets.Head(protected: 1, scores: [9, 8, 7, 6, 5, 4, 3]),
      HeadBudgets.Head(protected: 1, scores: [0, 0, 0, 0, 0, 0, 0]),
    ]
    let counts = HeadBudgets.counts(
      tokens: 8, compressions: [4, 2, 1], heads: heads, floorShare: 0)
    #expect(counts == [[3, 1], [7, 1], [8, 8]])
  }

  @Test func leavesEveryHeadItsShare() {
    let heads = [
      HeadBudgets.Head(protected: 0, scores: (0..<20).map { 100 + Float($0) }),
      HeadBudgets.Head(protected: 0, scores: (0..<20).map { Float($0) }),
    ]
    let counts = HeadBudgets.counts(
      tokens: 20, compressions: [4, 2], heads: heads, floorShare: 0.5)
    #expect(counts == [[8, 2], [15, 5]])
  }

  @Test func keepsProtectedPairsWhateverTheCompression() {
    let heads = [
      HeadBudgets.Head(protected: 6, scores: [1, 2]),
      HeadBudgets.Head(protected: 6, scores: [3, 4]),
    ]
    #expect(
      HeadBudgets.counts(tokens: 8, compressions: [8, 2], heads: heads, floorShare: 0.3)
        == [[6, 6], [6, 6]])
  }

  @Test func takesNothingFromOthersForAWholeHead() {
    let heads = [
      HeadBudgets.Head(protected: 0, isWhole: true, scores: (0..<16).map { Float($0) }),
      HeadBudgets.Head(protected: 0, scores: (0..<16).map { Float($0) }),
    ]
    #expect(
      HeadBudgets.counts(tokens: 16, compressions: [8, 4, 1], heads: heads, floorShare: 0)
        == [[16, 2], [16, 4], [16, 16]])
  }

  @Test func keepsWhatNoTokenSeesByTheWholeCacheAlone() {
    // The first head's layer has a window: 4 of its 16 pairs are scored.
    let heads = [
      HeadBudgets.Head(protected: 2, scores: [9, 9, 9, 9]),
      HeadBudgets.Head(protected: 2, scores: [1, 1]),
    ]
    #expect(
      HeadBudgets.counts(tokens: 16, compressions: [2, 1], heads: heads, floorShare: 0.5)
        == [[6, 4], [16, 16]])
  }

  @Test func ranksWhatIsNotANumberLast() {
    let heads = [
      HeadBudgets.Head(protected: 0, scores: [.nan, .nan, .nan, .nan]),
      HeadBudgets.Head(protected: 0, scores: [-.infinity, -1, -0.0, .infinity]),
    ]
    #expect(
      HeadBudgets.counts(tokens: 4, compressions: [2], heads: heads, floorShare: 0) == [[0, 4]])
  }

  @Test func breaksTiesInOrderOfHeads() {
    let heads = [
      HeadBudgets.Head(protected: 0, scores: [0, 0, 0, 0]),
      HeadBudgets.Head(protected: 0, scores: [-0.0, -0.0, -0.0, -0.0]),
    ]
    #expect(
      HeadBudgets.counts(tokens: 4, compressions: [4, 2], heads: heads, floorShare: 0)
        == [[2, 0], [4, 0]])
  }

  @Test func agreesWithACountPairByPair() {
    for seed in 1...60 as ClosedRange<UInt64> {
      var generator = SeededGenerator(seed: seed)
      let tokens = Int.random(in: 0...300, using: &generator)
      let heads = (0..<Int.random(in: 1...7, using: &generator)).map { _ in
        Self.randomHead(tokens, &generator)
      }
      let share = Double.random(in: 0...1, using: &generator)
      let compressions = [64, 33, 32, 16, 8, 7, 4, 2, 1]
      let counts = HeadBudgets.counts(
        tokens: tokens, compressions: compressions, heads: heads, floorShare: share)
      for (compression, kept) in zip(compressions, counts) {
        #expect(
          kept == Self.counts(tokens, compression, heads, share), "seed \(seed), ×\(compression)")
      }
      for (fewer, more) in zip(counts, counts.dropFirst()) {
        #expect(zip(fewer, more).allSatisfy { $0 <= $1 }, "seed \(seed)")
      }
    }
  }

  private static func randomHead(
    _ tokens: Int, _ generator: inout SeededGenerator
  ) -> HeadBudgets.Head {
    let protected = Int.random(in: 0...min(tokens, 20), using: &generator)
    let scored = Int.random(in: 0...tokens - protected, using: &generator)
    let level = Float.random(in: -3...3, using: &generator)
    // Few different scores, so that many are equal.
    return HeadBudgets.Head(
      protected: protected, isWhole: Int.random(in: 0..<6, using: &generator) == 0,
      scores: (0..<scored).map { _ in
        Int.random(in: 0..<30, using: &generator) == 0
          ? .nan : (level + Float.random(in: -2...2, using: &generator)).rounded()
      })
  }

  /// The definition: pair by pair, for one compression by itself.
  private static func counts(
    _ tokens: Int, _ compression: Int, _ heads: [HeadBudgets.Head], _ share: Double
  ) -> [Int] {
    guard compression > 1 else { return heads.map { _ in tokens } }
    let average = tokens / compression
    let floors = heads.map { head in
      min(
        head.protected + head.scores.count, max(head.protected, Int(share * Double(average))))
    }
    let shared = heads.indices.filter { !heads[$0].isWhole }
    let pairs = shared.flatMap { head in heads[head].scores.map { (score: $0, head: head) } }
    let ranked = pairs.enumerated().sorted { a, b in
      let (left, right) = (a.element.score, b.element.score)
      if left.isNaN || right.isNaN {
        return left.isNaN == right.isNaN ? a.offset < b.offset : right.isNaN
      }
      return left == right ? a.offset < b.offset : left > right
    }
    var taken = [Int](repeating: 0, count: heads.count)
    func counts() -> [Int] {
      heads.indices.map { max(floors[$0], heads[$0].protected + taken[$0]) }
    }
    for pair in ranked {
      let kept = counts()
      guard shared.reduce(0, { $0 + kept[$1] }) < shared.count * average else { break }
      taken[pair.element.head] += 1
    }
    let kept = counts()
    return heads.indices.map { heads[$0].isWhole ? tokens : kept[$0] }
  }
}
