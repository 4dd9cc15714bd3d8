import CInferenceKernels
import TestSupport
import Testing

@Suite("Products in bfloat16, on every ISA")
struct PackedBF16MatMulTests {
  @Test("rounds to the nearest bfloat16, ties to even", arguments: ISA.all)
  func rounds(isa: ISA) {
    var random = SeededGenerator(seed: 1)
    var values: [Float] = [0, -0.0, 1, -1, 0x1.01p0, 0x1.03p0, 0x1.FFp127, .infinity, -.infinity]
    values += (0..<20_000).map { _ in
      Float(
        sign: .random(using: &random) ? .plus : .minus,
        exponent: .random(in: -126...126, using: &random),
        significand: .random(in: 1..<2, using: &random))
    }
    let halves = rounded(isa, values)
    for index in values.indices {
      let expected = values[index].roundedToBFloat16
      #expect(Float(bitPattern: UInt32(halves[index]) << 16) == expected, "\(values[index])")
    }
    #expect(Float(bitPattern: UInt32(rounded(isa, [.nan])[0]) << 16).isNaN)
  }

  @Test("multiplies by a panel of weights, on random shapes of every type", arguments: ISA.all)
  func multiplies(isa: ISA) {
    for seed in UInt64(1)...120 {
      var random = SeededGenerator(seed: seed)
      let shape = Shape(random: &random)
      let (expected, scale) = shape.reference(isa)
      let result = shape.run(isa)
      // Sums of floats: each rounding is 2^-24 of at most the sum of all products.
      for index in expected.indices
      where abs(Double(result[index]) - expected[index]) > 0x1p-18 * scale {
        Issue.record("seed \(seed), element \(index): \(shape)")
      }
    }
  }

  private func rounded(_ isa: ISA, _ values: [Float]) -> [UInt16] {
    var halves = [UInt16](repeating: 0, count: values.count)
    unsafe isa.kernels.bf16_from_float(values, &halves, values.count)
    return halves
  }

  /// One random call of `multiply_panel`, and the same in plain arithmetic.
  private struct Shape: CustomStringConvertible {
    let rows, columns, depth: Int
    let type: StoredType
    let accumulates: Bool
    let a, c: [Float]
    let weights: [[UInt8]]

    init(random: inout SeededGenerator) {
      rows = .random(in: 1...20, using: &random)
      columns = [1, 15, 16, 17, 48, 63, 64].randomElement(using: &random) ?? 1
      let type = StoredType.all.randomElement(using: &random) ?? StoredType.all[0]
      self.type = type
      let lengths =
        type.isLoose ? [1, 2, 31, 33, 64, 100] : [1, 2, 3].map { $0 * type.blockLength }
      depth = lengths.randomElement(using: &random) ?? type.blockLength
      accumulates = .random(using: &random)
      a = random.floats(rows * depth)
      c = random.floats(rows * columns)
      let depth = depth
      weights = (0..<columns).map { _ in type.randomRow(depth, &random) }
    }

    var description: String {
      "\(rows) rows by \(columns) columns over \(depth), type \(type.name), "
        + (accumulates ? "added" : "stored")
    }

    func run(_ isa: ISA) -> [Float] {
      let stride = (depth + 31) / 32 * 32
      var rounded = [UInt16](repeating: 0, count: rows * stride)
      for row in 0..<rows {
        var halves = [UInt16](repeating: 0, count: depth)
        unsafe isa.kernels.bf16_from_float(Array(a[(row * depth)...]), &halves, depth)
        rounded.replaceSubrange(row * stride..<row * stride + depth, with: halves)
      }
      var panel = [Float](repeating: .nan, count: ck_panel_floats(depth))
      let joined = weights.flatMap(\.self)
      unsafe joined.withUnsafeBytes { bytes in
        let stored = unsafe (0..<columns).map { column in
          unsafe bytes.baseAddress.map { unsafe $0 + column * weights[column].count }
        }
        unsafe isa.kernels.pack_panel(type.kernel, stored, columns, depth, &panel)
      }
      var c = c
      unsafe rounded.withUnsafeBufferPointer { a in
        unsafe panel.withUnsafeBufferPointer { panel in
          unsafe c.withUnsafeMutableBufferPointer { c in
            var call = unsafe ck_product(
              a: a.baseAddress, a_stride: stride, panel: panel.baseAddress, c: c.baseAddress,
              c_stride: columns, rows: rows, depth: depth, columns: columns,
              accumulate: accumulates ? 1 : 0)
            unsafe isa.kernels.multiply_panel(&call)
          }
        }
      }
      return c
    }

    /// The result, and the greatest sum of its products' sizes.
    func reference(_ isa: ISA) -> ([Double], Double) {
      let decoded = weights.map { row in
        var values = [Float](repeating: 0, count: depth)
        unsafe isa.kernels.dequantise(type.kernel, row, &values, depth)
        return values.map { Double($0.roundedToBFloat16) }
      }
      var (results, scale) = ([Double](), 0.0)
      for row in 0..<rows {
        let inputs = a[row * depth..<(row + 1) * depth].map { Double($0.roundedToBFloat16) }
        for column in 0..<columns {
          let products = zip(inputs, decoded[column]).map { $0 * $1 }
          let start = accumulates ? Double(c[row * columns + column]) : 0
          results.append(products.reduce(start, +))
          scale = max(scale, products.reduce(abs(start)) { $0 + abs($1) })
        }
      }
      return (results, scale)
    }
  }
}
