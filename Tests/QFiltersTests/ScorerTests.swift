import CacheFormat
@testable import QFilters
import Testing

@Suite("Scorers that need only keys")
struct ScorerTests {
  private func scores(_ scorer: some Scorer, _ keys: [Float], _ length: Int) -> [Float] {
    scorer.scores(layer: 1, head: 0, keys: keys, keyLength: length)
  }

  @Test("a score that is not finite has no rank, and is named by layer and head")
  func notFinite() {
    for keys in [[1, .nan], [1e30, 1], [.infinity, 0]] as [[Float]] {
      let error = #expect(throws: ScoreNotFinite.self) {
        try KNormScorer().finiteScores(layer: 3, head: 1, keys: keys, keyLength: 2)
      }
      #expect(error?.scorer == .kNorm && error?.layer == 3 && error?.head == 1)
    }
  }

  @Test("K-norm keeps short keys")
  func kNorm() {
    #expect(scores(KNormScorer(), [3, 4, 0, 1, -6, 8], 2) == [-5, -1, -10])
    #expect(scores(KNormScorer(), [], 2) == [])
  }

  @Test("KeyDiff keeps keys that point elsewhere than most, whatever their length")
  func keyDiff() {
    // The anchor is (1, 0) + (1, 0) + (0, 1) = (2, 1).
    let scores = scores(KeyDiffScorer(), [5, 0, 0.5, 0, 0, 3, 0, 0], 2)
    #expect(scores[0] == scores[1])
    #expect(abs(scores[0] + 2) < 1e-6)
    #expect(abs(scores[2] + 1) < 1e-6)
    #expect(scores[3] == 0)
  }

  @Test("Streaming-LLM keeps the latest")
  func streaming() {
    let order = Ranking(sinks: 1, window: 0).order(
      scores(StreamingScorer(), [Float](repeating: 0, count: 10), 2))
    #expect(order == [0, 4, 3, 2, 1])
  }

  @Test("random scores differ by seed, layer and head, and repeat for equal ones")
  func random() {
    let keys = [Float](repeating: 0, count: 200)
    let first = scores(RandomScorer(seed: 1), keys, 2)
    #expect(first == scores(RandomScorer(seed: 1), keys, 2))
    #expect(Set(first).count > 95)
    #expect(first != scores(RandomScorer(seed: 2), keys, 2))
    #expect(first != RandomScorer(seed: 1).scores(layer: 0, head: 0, keys: keys, keyLength: 2))
    #expect(first != RandomScorer(seed: 1).scores(layer: 1, head: 1, keys: keys, keyLength: 2))
  }

  @Test("a pair's random score does not change when others are dropped")
  func randomPositions() {
    let all = scores(RandomScorer(seed: 1), [Float](repeating: 0, count: 20), 2)
    let some = RandomScorer(seed: 1).scores(
      layer: 1, head: 0, positions: [2, 7, 9], keys: [Float](repeating: 0, count: 6), keyLength: 2)
    #expect(some == [all[2], all[7], all[9]])
  }

  @Test("each has its own number in the file, and no filter bank")
  func numbers() {
    let scorers: [any Scorer] = [
      KNormScorer(), StreamingScorer(), KeyDiffScorer(), RandomScorer(seed: 0),
    ]
    #expect(scorers.map(\.id.rawValue) == [2, 3, 6, 7])
    #expect(scorers.allSatisfy { $0.filterDigest == .zero })
  }
}
