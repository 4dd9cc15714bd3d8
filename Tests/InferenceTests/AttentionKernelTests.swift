import CInferenceKernels
import TestSupport
import Testing

@Suite("Attention agrees with plain arithmetic, on every ISA")
struct AttentionKernelTests {
  @Test("makes weights of scores, capped or not", arguments: ISA.all, [0, 50] as [Float])
  func softmax(isa: ISA, cap: Float) {
    var random = SeededGenerator(seed: 5)
    for count in [1, 5, 16, 31, 64, 1000] {
      let scores = random.floats(count).map { $0 * 400 }
      var weights = scores + [7]
      unsafe isa.kernels.softmax(&weights, count, 0.125, cap)
      let scaled = scores.map { score in
        let scaled = Double(score) * 0.125
        return cap > 0 ? Double(cap) * hyperbolicTangent(scaled / Double(cap)) : scaled
      }
      let greatest = scaled.max() ?? 0
      let exponentials = scaled.map { exponential($0 - greatest) }
      let total = exponentials.reduce(0, +)
      for (weight, expected) in zip(weights, exponentials) {
        expectClose(weight, expected / total)
      }
      #expect(weights.last == 7, "writes nothing after the last")
    }
    var damaged = [Float](repeating: 1, count: 20)
    damaged[3] = .nan
    unsafe isa.kernels.softmax(&damaged, 20, 1, cap)
    #expect(damaged.filter(\.isNaN).count == damaged.count)
  }

  @Test("attends as softmax(scale · q · kᵀ) · v does, on random shapes", arguments: ISA.all)
  func attends(isa: ISA) {
    for seed in UInt64(1)...40 {
      var random = SeededGenerator(seed: seed)
      let shape = AttentionCase(random: &random)
      let worst = Self.distance(shape.run(isa, products: CK_F32), shape.reference())
      #expect(worst < 2e-5, "seed \(seed): \(shape)")
    }
  }

  @Test("attends in bfloat16 as it would to rounded queries and pairs", arguments: ISA.all)
  func attendsRounded(isa: ISA) {
    for seed in UInt64(1)...40 {
      var random = SeededGenerator(seed: seed)
      let shape = AttentionCase(random: &random)
      let worst = Self.distance(shape.run(isa, products: CK_BF16), shape.rounded.reference())
      // Weights are rounded too, by up to 2^-9 of each; values are at most 1.
      #expect(worst < 0x1p-8, "seed \(seed): \(shape)")
    }
  }

  @Test("one token's attention is the same, however its pairs are cut", arguments: ISA.all)
  func attendsInSplits(isa: ISA) {
    for seed in UInt64(1)...40 {
      var random = SeededGenerator(seed: seed)
      let shape = AttentionCase(random: &random)
      let expected = Array(shape.reference().suffix(shape.group * shape.valueLength))
      for size in [1, 64, 100, 1000] {
        let worst = Self.distance(shape.runSplits(isa, size: size), expected)
        #expect(worst < 2e-5, "seed \(seed), splits of \(size): \(shape)")
      }
    }
  }

  @Test("notes the greatest weight of each pair, on random shapes", arguments: ISA.all)
  func peaks(isa: ISA) {
    for seed in UInt64(1)...60 {
      var random = SeededGenerator(seed: seed)
      let shape = AttentionCase.single(random: &random)
      let count = shape.parts[0].count
      let first = Int.random(in: 0..<count, using: &random)
      let pairs = first..<Int.random(in: first + 1...count, using: &random)
      let none = [Float](repeating: -.infinity, count: pairs.count)
      for (products, expected, limit) in [
        (CK_F32, shape.plainPeaks(of: pairs), 2e-5),
        (CK_BF16, shape.rounded.plainPeaks(of: pairs), 0.01),
      ] {
        let peaks = shape.peaks(isa, products: products, of: pairs, before: none)
        let worst = zip(peaks, expected).map { Double($0) == $1 ? 0 : abs(Double($0) - $1) }.max()
        #expect((worst ?? .nan) < limit, "seed \(seed), pairs \(pairs): \(shape)")
        // No weight is greater than 1, whose logarithm is 0 but for rounding.
        let ones = none.map { _ in Float(1) }
        #expect(shape.peaks(isa, products: products, of: pairs, before: ones) == ones)
      }
    }
  }

  private static func distance(_ result: [Float], _ expected: [Double]) -> Double {
    result.count == expected.count
      ? zip(result, expected).map { abs(Double($0) - $1) }.max() ?? .infinity : .infinity
  }
}
