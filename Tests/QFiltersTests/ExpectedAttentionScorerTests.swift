import Foundation
import QFilters
import TestSupport
import Testing

@Suite("Expected Attention's scores")
struct ExpectedAttentionScorerTests {
  private static let length = 6
  private static let half = 2
  private static let kvHeads = 2
  private static let queryHeads = 4

  @Test("are those of the formula, worked out plainly in float64, on random shapes")
  func plain() throws {
    for seed in UInt64(1)...10 {
      var random = SeededGenerator(seed: seed)
      func numbers(_ count: Int) -> [Float] {
        (0..<count).map { _ in Float.random(in: -1...1, using: &random) }
      }
      let (queries, pairs) = (Int.random(in: 1...40, using: &random), 1500 + Int(seed))
      var statistics = CalibrationStatistics(
        shape: FilterShape(layers: 1, kvHeads: Self.kvHeads, headLength: Self.length),
        queryHeads: Self.queryHeads)
      let rows = numbers(queries * Self.queryHeads * Self.length)
      try statistics.add(layer: 0, queries: rows.span, count: queries)
      let rotation = Rotation(cosines: numbers(Self.half), sines: numbers(Self.half))
      let lengths = (0..<Self.kvHeads).map { _ in numbers(pairs).map(abs) }
      let scorer = ExpectedAttentionScorer(
        queries: QueryMoments(statistics), rotations: [rotation], scale: 0.7,
        valueLengths: lengths)
      for head in 0..<Self.kvHeads {
        let keys = numbers(pairs * Self.length)
        let scores = scorer.scores(layer: 0, head: head, keys: keys, keyLength: Self.length)
        let expected = Self.plain(
          rows, count: queries, head: head, keys: keys, rotation, valueLengths: lengths[head])
        let error = zip(scores[4...], expected).reduce(0) { max($0, abs(Double($1.0) / $1.1 - 1)) }
        #expect(error < 1e-4, "seed \(seed), head \(head)")
        #expect(scores[..<4].allSatisfy { $0 > (scores[4...].max() ?? 0) })
      }
    }
  }

  @Test("of at most as many pairs as sinks are equal")
  func short() {
    let statistics = CalibrationStatistics(
      shape: FilterShape(layers: 1, kvHeads: 1, headLength: 2), queryHeads: 1)
    let scorer = ExpectedAttentionScorer(
      queries: QueryMoments(statistics), rotations: [Rotation(cosines: [1], sines: [0])], scale: 1,
      valueLengths: [[3, 4, 5]])
    #expect(
      scorer.scores(layer: 0, head: 0, keys: [1, 2, 3, 4, 5, 6], keyLength: 2) == [1, 1, 1])
  }

  /// Here queries are rotated, not keys, and moments are those of rotated queries.
  private static func plain(
    _ rows: [Float], count: Int, head: Int, keys: [Float], _ rotation: Rotation,
    valueLengths lengths: [Float]
  ) -> [Double] {
    let pairs = keys.count / length
    var scores = [Double](repeating: 0, count: pairs - 4)
    for member in head * 2..<head * 2 + 2 {
      let queries = (0..<count).map { row in
        turned(
          (0..<length).map { Double(rows[(row * queryHeads + member) * length + $0]) }, rotation)
      }
      let logits = (4..<pairs).map { pair in
        let products = queries.map { query in
          (0..<length).reduce(0) { $0 + query[$1] * Double(keys[pair * length + $1]) } * 0.7
        }
        let mean = products.reduce(0, +) / Double(count)
        let variance = products.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
        return exp(mean + variance / 2)
      }
      let total = logits.reduce(0, +)
      for index in scores.indices { scores[index] += logits[index] / total / 2 }
    }
    return scores.indices.map { scores[$0] * Double(lengths[$0 + 4]) }
  }

  private static func turned(
    _ query: [Double], _ rotation: Rotation
  ) -> [Double] {
    var turned = query
    for index in 0..<half {
      let (a, b) = (query[index], query[index + half])
      let (cosine, sine) = (Double(rotation.cosines[index]), Double(rotation.sines[index]))
      turned[index] = a * cosine - b * sine
      turned[index + half] = b * cosine + a * sine
    }
    return turned
  }
}
