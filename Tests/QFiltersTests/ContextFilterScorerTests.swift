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
      for layer in 0..<2 {
        let filters =
          hasHeads
          ? (group..<2 * group).map { heads.filter(layer: layer, queryHead: $0) }
          : [bank.filter(layer: layer, head: 1)]
        let products = filters.map { filter in
          (0..<Self.pairs).map { pair in
            Self.product(
              keys[pair * length..<(pair + 1) * length], turnedBack: angles[layer], filter)
          }
        }
        let expected = zip(
          Self.standardised(hasHeads ? Self.logShares(products) : products[0]),
          Self.standardised(Self.keyDiff(keys, length))
        ).map { $0 + $1 / 2 }
        let actual = scorer.scores(layer: layer, head: 1, keys: keys, keyLength: length)
        let error = zip(actual, expected).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
        #expect(error < 1e-4, "seed \(seed), layer \(layer): \(error)")
      }
    }
  }

  /// Of a filter and a key, which is turned back here.
  private static func product(
    _ key: ArraySlice<Float>, turnedBack angles: [Double], _ filter: [Float]
  ) -> Double {
    var key = key.map(Double.init)
    for (index, angle) in angles.enumerated() {
      let (a, b) = (key[index], key[index + angles.count])
      key[index] = a * cos(angle) + b * sin(angle)
      key[index + angles.count] = b * cos(angle) - a * sin(angle)
    }
    return zip(key, filter).reduce(0) { $0 + $1.0 * Double($1.1) }
  }

  private static func logShares(_ products: [[Double]]) -> [Double] {
    let shares = products.map { row in
      let weights = row.map { exp(0.7 * $0) }
      return weights.map { $0 / weights.reduce(0, +) }
    }
    return (0..<pairs).map { pair in
      log(shares.reduce(0) { $0 + $1[pair] } / Double(shares.count))
    }
  }

  private static func keyDiff(_ keys: [Float], _ length: Int) -> [Double] {
    let units = (0..<pairs).map { pair in
      let key = keys[pair * length..<(pair + 1) * length].map(Double.init)
      let size = key.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return key.map { $0 / size }
    }
    let mean = (0..<length).map { i in units.reduce(0) { $0 + $1[i] } }
    return units.map { unit in -zip(unit, mean).reduce(0) { $0 + $1.0 * $1.1 } }
  }

  private static func standardised(_ scores: [Double]) -> [Double] {
    let mean = scores.reduce(0, +) / Double(scores.count)
    let square = scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(scores.count)
    return scores.map { ($0 - mean) / square.squareRoot() }
  }

  @Test("of one pair, of equal pairs and of none are all alike")
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
