import CacheFormat
import Foundation
import QFilters
import TestSupport
import Testing

@Suite("Scores by filters that follow a context")
struct ContextFilterScorerTests {
  private static let pairs = 40

  @Test(
    "are those of the formula, worked out plainly in float64, on random shapes",
    arguments: [false, true])
  func plain(hasHeads: Bool) throws {
    for seed in UInt64(1)...20 {
      var random = SeededGenerator(seed: seed)
      func numbers(_ count: Int) -> [Float] {
        (0..<count).map { _ in Float.random(in: -1...1, using: &random) }
      }
      let half = Int.random(in: 0...4, using: &random)
      let (group, length) = (
        Int.random(in: 1...3, using: &random), 2 * half + Int.random(in: 1...3, using: &random)
      )
      let shape = FilterShape(layers: 2, kvHeads: 2, headLength: length)
      let heads = HeadFilters(
        layers: 2, queryHeads: 2 * group, filters: numbers(2 * 2 * group * length).map { $0 * 8 })
      let bank = FilterBank(
        identity: Identity(weights: .zero, architecture: .zero, rope: .zero, tokenizer: .zero),
        shape: shape, filters: numbers(shape.count), heads: hasHeads ? heads : nil,
        provenance: "{}")
      let angles = (0..<2).map { _ in numbers(half).map { Double($0) * 9 } }
      let scorer = ContextFilterScorer(
        bank,
        turnedBy: angles.map {
          Rotation(cosines: $0.map { Float(cos($0)) }, sines: $0.map { Float(sin($0)) })
        }, scale: 0.7)
      #expect(scorer.filterDigest == bank.digest)
      let keys = numbers(Self.pairs * length)
      let pairs = stride(from: 0, to: keys.count, by: length).map {
        keys[$0..<$0 + length].map(Double.init)
      }
      for layer in 0..<2 {
        let turnedBack = pairs.map { Self.turnedBack($0, by: angles[layer]) }
        let byFilters =
          hasHeads
          ? PlainScores.attended(
            keys: turnedBack,
            filters: (group..<2 * group).map {
              heads.filter(layer: layer, queryHead: $0).map(Double.init)
            }, scale: Double(Float(0.7)))
          : turnedBack.map {
            PlainScores.product($0, bank.filter(layer: layer, head: 1).map(Double.init))
          }
        let expected = PlainScores.withKeyDiff(byFilters, keys: pairs)
        let actual = scorer.scores(layer: layer, head: 1, keys: keys, keyLength: length)
        let error = zip(actual, expected).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
        #expect(error < 1e-4, "seed \(seed), layer \(layer): \(error)")
      }
    }
  }

  /// A key, rotated the other way instead of the filter.
  private static func turnedBack(_ key: [Double], by angles: [Double]) -> [Double] {
    var turned = key
    for (index, angle) in angles.enumerated() {
      let (a, b) = (key[index], key[index + angles.count])
      turned[index] = a * cos(angle) + b * sin(angle)
      turned[index + angles.count] = b * cos(angle) - a * sin(angle)
    }
    return turned
  }

  @Test("of one pair, of equal pairs and of no pairs are equal")
  func alike() {
    let bank = FilterBank(
      identity: Identity(weights: .zero, architecture: .zero, rope: .zero, tokenizer: .zero),
      shape: FilterShape(layers: 1, kvHeads: 1, headLength: 2), filters: [1, 2],
      heads: HeadFilters(layers: 1, queryHeads: 1, filters: [1e4, 2e4]), provenance: "{}")
    let scorer = ContextFilterScorer(
      bank, turnedBy: [Rotation(cosines: [1], sines: [0])], scale: 1)
    for pairs in 0...3 {
      let keys: [Float] = (0..<2 * pairs).map { $0 % 2 == 0 ? 3 : 4 }
      let scores = scorer.scores(layer: 0, head: 0, keys: keys, keyLength: 2)
      #expect(scores == Array(repeating: 0, count: pairs))
    }
  }
}
