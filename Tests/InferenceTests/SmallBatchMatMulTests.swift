import CInferenceKernels
import TestSupport
import Testing

@Suite("Products of few tokens, on every ISA")
struct SmallBatchMatMulTests {
  @Test(
    "multiplies rows of every type by tokens, on random shapes, and touches nothing else",
    arguments: ISA.all)
  func multiplies(isa: ISA) {
    for seed in UInt64(1)...140 {
      var random = SeededGenerator(seed: seed)
      let shape = Shape(
        type: StoredType.all[Int(seed) % StoredType.all.count], random: &random)
      let result = shape.run(isa)
      for (token, row) in result.enumerated() {
        for index in row.indices {
          guard index < shape.rows else {
            #expect(row[index] == Shape.untouched, "seed \(seed): \(shape)")
            continue
          }
          let (expected, scale) = shape.reference(isa, token: token, row: index)
          // Rounding a token's values to 16 bits moves each by up to 2^-16 of the greatest of 32.
          if abs(Double(row[index]) - expected) > 0x1p-16 * scale {
            Issue.record("seed \(seed), token \(token), row \(index): \(shape)")
          }
        }
      }
    }
  }

  @Test("what is not a finite number stays so", arguments: ISA.all)
  func notFinite(isa: ISA) {
    for type in StoredType.all {
      var random = SeededGenerator(seed: 1)
      var shape = Shape(type: type, random: &random)
      shape.x[0] = .nan
      #expect(shape.run(isa)[0][..<shape.rows].allSatisfy { !$0.isFinite })
    }
  }

  /// One random call of `multiply_small_batch`, and the same in plain arithmetic.
  private struct Shape: CustomStringConvertible {
    static let untouched: Float = 12345
    let type: StoredType
    let rows, tokens, depth: Int
    var x: [Float]
    let weights: [[UInt8]]

    init(type: StoredType, random: inout SeededGenerator) {
      self.type = type
      rows = [1, 5, 15, 16].randomElement(using: &random) ?? 1
      tokens = .random(in: 1...Int(CK_SMALL_BATCH_TOKENS), using: &random)
      let lengths =
        type.isLoose ? [1, 2, 31, 33, 64, 100] : [1, 2, 3, 18].map { $0 * type.blockLength }
      depth = lengths.randomElement(using: &random) ?? type.blockLength
      x = random.floats(tokens * depth)
      let depth = depth
      weights = (0..<rows).map { _ in type.randomRow(depth, &random) }
    }

    var description: String {
      "\(rows) rows by \(tokens) tokens over \(depth), type \(type.name)"
    }

    func run(_ isa: ISA) -> [[Float]] {
      let stride = rows + 3
      var y = [Float](repeating: Self.untouched, count: tokens * stride)
      let joined = weights.flatMap(\.self)
      var int16 = [ck_int16_block](repeating: ck_int16_block(), count: tokens * (depth / 32 + 1))
      if isa.kernels.takes_int16(type.kernel) != 0 {
        for token in 0..<tokens {
          unsafe int16.withUnsafeMutableBufferPointer { int16 in
            let target = unsafe int16.baseAddress.map { unsafe $0 + token }
            unsafe isa.kernels.quantise_activations(
              Array(x[(token * depth)...].prefix(depth)), depth, tokens, target)
          }
        }
      }
      unsafe joined.withUnsafeBytes { bytes in
        let stored = unsafe (0..<rows).map { row in
          unsafe bytes.baseAddress.map { unsafe $0 + row * weights[row].count }
        }
        unsafe stored.withUnsafeBufferPointer { stored in
          unsafe int16.withUnsafeBufferPointer { int16 in
            unsafe x.withUnsafeBufferPointer { x in
              unsafe y.withUnsafeMutableBufferPointer { y in
                var call = unsafe ck_small_batch(
                  type: type.kernel, rows: stored.baseAddress, count: rows, depth: depth,
                  tokens: tokens,
                  x: x.baseAddress, int16: int16.baseAddress, y: y.baseAddress, x_stride: depth,
                  y_stride: stride)
                unsafe isa.kernels.multiply_small_batch(&call)
              }
            }
          }
        }
      }
      return (0..<tokens).map { Array(y[($0 * stride)..<($0 + 1) * stride]) }
    }

    /// One result, and the sum of the sizes of what a token's values are multiplied by: a weight,
    /// or what its minimum was added to: at most 1, or 63 of it in blocks of 256.
    func reference(_ isa: ISA, token: Int, row: Int) -> (Double, Double) {
      var values = [Float](repeating: 0, count: depth)
      unsafe isa.kernels.dequantise(type.kernel, weights[row], &values, depth)
      let inputs = x[token * depth..<(token + 1) * depth]
      let products = zip(inputs, values).map { Double($0) * Double($1) }
      let minimum = type.blockLength == 256 ? 63.0 : 1
      return (products.reduce(0, +), values.reduce(0) { $0 + Double(abs($1)) + minimum })
    }
  }
}
