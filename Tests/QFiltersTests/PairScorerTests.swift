import QFilters
import TestSupport
import Testing

@Suite("Ranking pairs by their keys")
struct PairScorerTests {
  @Test("K-norm keeps small keys")
  func kNorm() {
    #expect(KNormScorer().scores(keys: [3, 4, 0, 1], length: 2) == [-5, -1])
  }

  @Test("KeyDiff keeps the key that is unlike the others")
  func keyDiff() {
    let scores = KeyDiffScorer().scores(keys: [2, 0, 5, 0, 0, 1], length: 2)
    // The mean of the keys of length 1 is (2, 1) / 3.
    #expect(abs(scores[0] + 2 / 5.squareRoot()) < 1e-6)
    #expect(scores[0] == scores[1])
    #expect(abs(scores[2] + 1 / 5.squareRoot()) < 1e-6)
    #expect(KeyDiffScorer().scores(keys: [0, 0], length: 2) == [0])
  }

  @Test("recency keeps the newest")
  func recency() {
    #expect(RecencyScorer().scores(keys: [9, 9, 9], length: 1) == [0, 1, 2])
  }

  @Test("chance depends on the seed alone")
  func random() {
    let keys = [Float](repeating: 0, count: 1000)
    let scores = RandomScorer(seed: 7).scores(keys: keys, length: 1)
    #expect(scores == RandomScorer(seed: 7).scores(keys: keys, length: 1))
    #expect(scores != RandomScorer(seed: 8).scores(keys: keys, length: 1))
    #expect(scores.allSatisfy { (0..<1).contains($0) })
    #expect(abs(scores.reduce(0, +) / 1000 - 0.5) < 0.05)
  }
}
