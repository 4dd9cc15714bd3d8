import ByteIO
import CacheFormat
import Glibc
import TestSupport
import Testing

@testable import QFilters

@Suite("The linear score")
struct LinearScoreTests {
  private static let shape = CacheShape(
    layers: 2, kvHeads: 2, keyLength: 6, valueLength: 3)
  /// The second layer has a window, and a part of its keys is not rotated.
  private static let rope = LayerRoPE(
    layers: [nil, 20].map {
      LayerRoPE.Layer(window: $0, magnitude: 1.25, frequencies: [1, 0.25])
    }, longest: nil, scale: 0.5)

  private static func pairs(layer: Int, _ random: inout SeededGenerator) -> LayerKV {
    let count = 40
    return LayerKV(
      layer: layer, positions: (0..<UInt32(count)).map { $0 },
      keys: (0..<2).map { _ in random.floats(count * 6) },
      values: (0..<2).map { _ in random.floats(count * 3) }, keyLength: 6, valueLength: 3,
      nextPosition: count)
  }

  private static func sums(of seeds: [UInt64]) throws -> LinearScoreSums {
    var sums = LinearScoreSums(shape: shape, rope: rope)
    for seed in seeds {
      var random = SeededGenerator(seed: seed)
      for layer in 0..<2 {
        let pairs = pairs(layer: layer, &random)
        // A target that is linear in the features, another for each head.
        let rows = PairFeatures.rows(of: pairs, rope.layers[layer])
        let targets = (0..<2).map { head in
          pairs.positions.indices.map { row in
            (0..<shape.features).reduce(Float(0)) {
              $0 + rows[row * shape.features + $1] * Float(($1 + head) % 3 - 1)
            }
          }
        }
        try sums.add(pairs, targets: targets, watched: Array(pairs.positions.indices))
      }
    }
    return sums
  }

  @Test("foresees what is linear in the pair, on pairs that it never saw")
  func foresees() throws {
    let score = try Self.sums(of: Array(1...12)).score()
    #expect(score.explained > 0.999)
    #expect(score.explainedWithinHeads > 0.999)
    var random = SeededGenerator(seed: 99)
    for layer in 0..<2 {
      let pairs = Self.pairs(layer: layer, &random)
      let rows = PairFeatures.rows(of: pairs, Self.rope.layers[layer])
      for (head, scores) in score.scores(pairs).enumerated() {
        for row in pairs.positions.indices where row > 25 {
          let expected = (0..<Self.shape.features).reduce(Float(0)) {
            $0 + rows[row * Self.shape.features + $1] * Float(($1 + head) % 3 - 1)
          }
          #expect(abs(scores[row] - expected) < 0.1, "layer \(layer), head \(head), pair \(row)")
        }
      }
    }
  }

  @Test("an element that is nearly 0 in all keys gets no great weight, so rounding decides nothing")
  func tinyElements() throws {
    var random = SeededGenerator(seed: 7)
    // RoPE does not turn the last element.
    func pairs() -> LayerKV {
      var keys = (0..<2).map { _ in random.floats(40 * 6) }
      for row in 0..<40 { keys[0][row * 6 + 5] *= 1e-6 }
      return LayerKV(
        layer: 0, positions: (0..<40).map { $0 }, keys: keys,
        values: (0..<2).map { _ in random.floats(40 * 3) }, keyLength: 6, valueLength: 3,
        nextPosition: 40)
    }
    var sums = LinearScoreSums(shape: Self.shape, rope: Self.rope)
    for _ in 0..<8 {
      let context = pairs()
      let targets = [0, 1].map { _ in (0..<40).map { 1e6 * context.keys[0][$0 * 6 + 5] } }
      try sums.add(context, targets: targets, watched: Array(0..<40))
      try sums.add(
        LayerKV(
          layer: 1, positions: context.positions, keys: context.keys, values: context.values,
          keyLength: 6, valueLength: 3, nextPosition: 40), targets: targets, watched: Array(0..<40))
    }
    let score = try sums.score()
    let exact = pairs()
    var keys = exact.keys
    for row in 0..<40 { keys[0][row * 6 + 5] += 1e-4 }
    let rounded = LayerKV(
      layer: 0, positions: exact.positions, keys: keys, values: exact.values, keyLength: 6,
      valueLength: 3, nextPosition: 40)
    for (scores, others) in zip(score.scores(exact), score.scores(rounded)) {
      #expect(zip(scores, others).allSatisfy { abs($0 - $1) < 0.1 })
    }
  }

  @Test("sums of parts are those of the whole, in any order, to the last bit")
  func addsUp() throws {
    let whole = try Self.sums(of: [3, 4, 5, 6])
    for order in [[3, 4, 5, 6], [6, 3, 5, 4], [5, 6, 4, 3]] as [[UInt64]] {
      var sum = try Self.sums(of: [order[0]])
      try sum.add(Self.sums(of: [order[1]]))
      try sum.add(Self.sums(of: [order[2], order[3]]))
      #expect(sum.encoded == whole.encoded)
    }
  }

  @Test("keys before RoPE are what RoPE was applied to")
  func undoes() {
    var random = SeededGenerator(seed: 5)
    let layer = Self.rope.layers[0]
    let original = random.floats(4 * 6)
    let positions: [UInt32] = [0, 1, 7, 5000]
    var turned = original
    for (row, position) in positions.enumerated() {
      for (plane, frequency) in layer.frequencies.enumerated() {
        let angle = Double(position) * Double(frequency)
        let (a, b) = (original[row * 6 + plane], original[row * 6 + plane + 2])
        turned[row * 6 + plane] =
          layer.magnitude * Float(Double(a) * cos(angle) - Double(b) * sin(angle))
        turned[row * 6 + plane + 2] =
          layer.magnitude * Float(Double(b) * cos(angle) + Double(a) * sin(angle))
      }
    }
    let undone = layer.undone([turned], at: positions, length: 6)[0]
    for (value, expected) in zip(undone, original) { #expect(abs(value - expected) < 1e-5) }
  }

  @Test("the target is the logarithm of a pair's own attention, and never below that of 10⁻⁵")
  func target() {
    let scores = AttentionTarget.scores([-.infinity, log(0.5), -30])
    let (low, high) = (log(Float(1e-5)), log(Float(0.5)))
    for (score, expected) in zip(scores, [low, high, low]) {
      #expect(abs(score - expected) < 1e-3)
    }
  }

  @Test("statistics and banks hold it, and are rejected without the RoPE that it needs")
  func files() throws {
    let scratch = try ScratchFolder()
    let digest = Digest([UInt8](repeating: 7, count: 32))
    let identity = Identity(weights: digest, architecture: digest, rope: digest, tokenizer: digest)
    var random = SeededGenerator(seed: 2)
    var statistics = CalibrationStatistics(
      shape: FilterShape(layers: 2, kvHeads: 2, headLength: 6), queryHeads: 4)
    for layer in 0..<2 {
      try statistics.add(layer: layer, queries: random.floats(30 * 4 * 6).span, count: 30)
    }
    let sums = try Self.sums(of: [1, 2, 3])
    let file = StatisticsFile(
      identity: identity, statistics: statistics, pairs: sums, sequences: nil, provenance: "{}")
    _ = try file.write(to: scratch.path("a.qstat"))
    let read = try StatisticsFile(path: scratch.path("a.qstat"))
    #expect(read.pairs?.encoded == sums.encoded)
    #expect(read.pairs?.rope == sums.rope)
    let bank = try FilterBank(read)
    _ = try bank.write(to: scratch.path("a.qfilt"))
    #expect(try FilterBank(path: scratch.path("a.qfilt")) == bank)
    let without = FilterBank(
      identity: identity, shape: bank.shape, filters: bank.filters, quality: bank.quality,
      heads: bank.heads, provenance: "{}")
    #expect(without.digest != bank.digest, "a snapshot tells them apart")
  }
}
