import CacheFormat
import Glibc
import QFilters
import TestSupport
import Testing

@Suite("Ranking a head's pairs")
struct RankingTests {
  @Test("sinks come first, then the window from the end, then scores from the highest")
  func example() {
    let order = Ranking(sinks: 2, window: 2).order([0, 1, 5, 9, 7, -3, 8])
    #expect(order == [0, 1, 6, 5, 3, 4, 2])
  }

  @Test("equal scores keep the order of positions, and scores that are not numbers come last")
  func ties() {
    let order = Ranking(sinks: 0, window: 0).order([.nan, 1, 2, 1, -.infinity, -0.0, 0])
    #expect(order == [2, 1, 3, 5, 6, 4, 0])
  }

  @Test("sinks and window that overlap are counted once")
  func overlap() {
    #expect(Ranking(sinks: 3, window: 5).order([1, 2, 3, 4]) == [0, 1, 2, 3])
    #expect(Ranking(sinks: 9, window: 5).order([1, 2]) == [0, 1])
    #expect(Ranking(sinks: 3, window: 5).order([]) == [])
  }

  @Test("pairs that no later token sees come last, by score, except sinks and window")
  func outOfWindow() {
    let ranking = Ranking(sinks: 1, window: 1)
    #expect(ranking.order([9, 8, 7, 6, 5, 4], outOfWindow: 3) == [0, 5, 3, 4, 1, 2])
    #expect(ranking.order([9, 8, 7, 6, 5, 4], outOfWindow: 6) == [0, 5, 1, 2, 3, 4])
    #expect(ranking.order([9, 8, 7, 6, 5, 4], outOfWindow: 1) == [0, 5, 1, 2, 3, 4])
  }

  @Test("every nth place after sinks and window goes to the newest remaining pair")
  func recent() {
    let scores: [Float] = [0, 9, 8, 7, 1, 2, 3, 0]
    #expect(Ranking(sinks: 1, window: 1, recent: 2).order(scores) == [0, 7, 1, 6, 2, 5, 3, 4])
    #expect(Ranking(sinks: 1, window: 1, recent: 4).order(scores) == [0, 7, 1, 2, 3, 6, 5, 4])
    #expect(Ranking(sinks: 0, window: 0, recent: 1).order([3, 2, 1]) == [2, 1, 0])
    #expect(
      Ranking(sinks: 1, window: 1, recent: 2).order(scores, outOfWindow: 4) == [
        0, 7, 6, 5, 4, 1, 2, 3,
      ])
  }

  @Test(
    "with latest ones between, all positions are there, and half of any prefix are the last ones")
  func recentProperty() {
    for seed in UInt64(1)...50 {
      var random = SeededGenerator(seed: seed)
      let count = Int.random(in: 0...300, using: &random)
      let scores = (0..<count).map { _ in Float(Int.random(in: -20...20, using: &random)) / 4 }
      let order = Ranking(sinks: 0, window: 0, recent: 2).order(scores).map(Int.init)
      #expect(order.sorted() == Array(0..<count), "seed \(seed)")
      for end in 0...count {
        #expect(
          Set(order.prefix(end)).isSuperset(of: count - end / 2..<count), "seed \(seed), \(end)")
      }
    }
  }

  @Test("agrees with a plain sort on random scores")
  func property() {
    for seed in UInt64(1)...50 {
      var random = SeededGenerator(seed: seed)
      let count = Int.random(in: 0...300, using: &random)
      let ranking = Ranking(
        sinks: .random(in: 0...8, using: &random), window: .random(in: 0...40, using: &random))
      // Few different values make ties common.
      let scores = (0..<count).map { _ in Float(Int.random(in: -20...20, using: &random)) / 4 }
      let expected = (0..<count).sorted { a, b in
        func key(_ p: Int) -> (Int, Int, Float, Int) {
          if p < ranking.sinks { return (0, p, 0, 0) }
          if p >= count - ranking.window { return (1, -p, 0, 0) }
          return (2, 0, -scores[p], p)
        }
        return key(a) < key(b)
      }
      #expect(ranking.order(scores).map(Int.init) == expected, "seed \(seed)")
    }
  }

  @Test("scores rank what is neither sink nor window nor out of every window")
  func ranked() {
    let ranking = Ranking(sinks: 2, window: 3)
    #expect(ranking.ranked(of: 10) == 2..<7)
    #expect(ranking.ranked(of: 10, outOfWindow: 1) == 2..<7)
    #expect(ranking.ranked(of: 10, outOfWindow: 5) == 5..<7)
    #expect(ranking.ranked(of: 10, outOfWindow: 9) == 7..<7)
    for tokens in 0...5 { #expect(ranking.ranked(of: tokens).isEmpty) }
  }

  @Test("scores are the plain products of keys and filter")
  func scores() {
    #expect(QFilterScorer.scores(keys: [1, 2, 3, 4], filter: [10, 1]) == [12, 34])
  }

  @Test("filters and learnt scores give places to the newest pairs, all in short sliding windows")
  func usualRecent() {
    let windows = [nil, 4096, 513, 512, 12]
    let giving: [ScorerID] = [.qFilters, .linear, .kvzip]
    for scorer in giving {
      #expect(windows.map { scorer.usualRecent(window: $0) } == [4, 4, 4, 1, 1])
    }
    for scorer in ScorerID.methods where !giving.contains(scorer) {
      #expect(windows.allSatisfy { scorer.usualRecent(window: $0) == 0 })
    }
  }
}
