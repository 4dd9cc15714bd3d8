import CInferenceKernels
import TestSupport
import Testing

@Suite("The kernels of every ISA agree with plain arithmetic")
struct KernelTests {
  private struct Vectors: Decodable {
    struct Vector: Decodable {
      let type, bytes: String
      let values: [Float]
    }
    let vectors: [Vector]
  }

  private static var vectors: [(type: StoredType, bytes: [UInt8], values: [Float])] {
    get throws {
      try Fixtures.json("models/dequantise.json", as: Vectors.self).vectors.compactMap { vector in
        StoredType.all.first { $0.name == vector.type }.map {
          ($0, bytes(vector.bytes), vector.values)
        }
      }
    }
  }

  @Test(
    "decodes blocks of each type to the gguf package's values, bit for bit", arguments: ISA.all)
  func dequantises(isa: ISA) throws {
    let vectors = try Self.vectors
    #expect(vectors.count == StoredType.all.count)
    for (type, bytes, values) in vectors {
      #expect(Self.equal(Self.decode(isa, type, bytes, values.count), values), "\(type.name)")
    }
  }

  @Test("decodes random rows as the types' descriptions say, bit for bit", arguments: ISA.all)
  func decodesRows(isa: ISA) throws {
    for (type, bytes, values) in try Self.vectors where !type.isLoose {
      #expect(Self.equal(type.decoded(bytes), values), "\(type.name)")
    }
    var random = SeededGenerator(seed: 7)
    for type in StoredType.quantised {
      for blocks in [1, 2, 3, 7, 40] {
        let row = type.randomRow(blocks * type.blockLength, &random)
        let result = Self.decode(isa, type, row, blocks * type.blockLength)
        #expect(Self.equal(result, type.decoded(row)), "\(blocks) × \(type.name)")
      }
    }
  }

  @Test("multiplies rows of each type by a vector, whatever their length", arguments: ISA.all)
  func dot(isa: ISA) {
    var random = SeededGenerator(seed: 1)
    for type in StoredType.quantised {
      // Vectors are rounded in parts of 2048 values.
      for count in [1, 2, 5, 2048 / type.blockLength, 2304 / type.blockLength] {
        let length = count * type.blockLength
        let rows = (0..<3).map { _ in type.randomRow(length, &random) }
        let x = random.floats(length)
        let results = Self.dot(isa, type.kernel, rows, x)
        for (row, result) in zip(rows, results) {
          let products = zip(type.decoded(row), x).map { Double($0.0) * Double($0.1) }
          // Some ISAs round x to 16 bits, by up to 2^-16 of the greatest of 32 values. Numbers and
          // minima are multiplied apart, so that their sizes count, not those of their differences.
          let scale = products.reduce(0) { $0 + abs($1) }
          #expect(
            abs(Double(result) - products.reduce(0, +)) <= 0x1p-15 * scale,
            "\(count) × \(type.name)")
        }
      }
    }
  }

  @Test("multiplies rows of floats of any length", arguments: ISA.all)
  func dotFloats(isa: ISA) {
    var random = SeededGenerator(seed: 1)
    for count in [1, 15, 16, 31, 32, 33, 100] {
      let (row, x) = (random.floats(count), random.floats(count))
      let bytes = unsafe row.withUnsafeBytes { unsafe [UInt8]($0) }
      Self.expectClose(
        Self.dot(isa, CK_F32, [bytes], x)[0],
        zip(row, x).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }, scale: Double(count))
    }
  }

  @Test("rounds every kind of float to the nearest binary16, ties to even", arguments: ISA.all)
  func roundsToBinary16(isa: ISA) {
    var random = SeededGenerator(seed: 2)
    var values: [Float] = [
      0, -0.0, 1, -1, 65504, 65519.9, 65520, 1e9, .infinity, -.infinity, 5.9e-8, 2.98e-8,
    ]
    values += (0..<20_000).map { _ in
      let bits = UInt32.random(in: 0...UInt32.max, using: &random)
      let exponent = UInt32.random(in: 95...145, using: &random)
      return Float(bitPattern: bits & 0x807F_FFFF | exponent << 23)
    }
    // Exactly between two neighbours.
    values += (0..<2_000).map { _ in
      let half = Float16(bitPattern: UInt16.random(in: 0..<0x7BFF, using: &random))
      return (Float(half) + Float(half.nextUp)) / 2
    }
    var halves = [UInt16](repeating: 0, count: values.count)
    unsafe isa.kernels.f16_from_float(values, &halves, values.count)
    let expected = values.map { Float16($0).bitPattern }
    for index in values.indices where halves[index] != expected[index] {
      Issue.record("\(values[index]) gives \(halves[index]), not \(expected[index])")
    }
    var floats = [Float](repeating: 0, count: values.count)
    unsafe isa.kernels.dequantise(CK_F16, halves, &floats, values.count)
    #expect(floats == halves.map { Float(Float16(bitPattern: $0)) })
  }

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
        Self.expectClose(weight, expected / total)
      }
      #expect(weights.last == 7, "writes nothing after the last")
    }
    var damaged = [Float](repeating: 1, count: 20)
    damaged[3] = .nan
    unsafe isa.kernels.softmax(&damaged, 20, 1, cap)
    #expect(damaged.filter(\.isNaN).count == damaged.count)
  }

  @Test("finds one number among many that is too great, infinite or NaN", arguments: ISA.all)
  func range(isa: ISA) {
    for count in [1, 15, 16, 17, 40, 576] {
      let numbers = (0..<count).map { $0 % 2 == 0 ? Float(65_504) : -65_504 }
      #expect(unsafe isa.kernels.is_within(numbers, count, 65_504) != 0)
      for place in Set([0, count / 2, count - 1]) {
        for odd in [65_505, -65_505, .infinity, -.infinity, .nan, -.nan] as [Float] {
          var changed = numbers
          changed[place] = odd
          #expect(unsafe isa.kernels.is_within(changed, count, 65_504) == 0, "\(odd) at \(place)")
        }
      }
    }
  }

  @Test("normalises, gates, adds and rotates", arguments: ISA.all)
  func elementwise(isa: ISA) {
    var random = SeededGenerator(seed: 3)
    for count in [1, 7, 16, 64, 100, 576] {
      let (x, y) = (random.floats(count).map { $0 * 20 }, random.floats(count))
      var result = [Float](repeating: 0, count: count)
      unsafe isa.kernels.rms_norm(x, y, &result, count, 1e-5)
      let mean = x.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(count)
      for i in 0..<count {
        Self.expectClose(result[i], Double(x[i]) / (mean + 1e-5).squareRoot() * Double(y[i]))
      }
      var gate = x
      unsafe isa.kernels.swiglu(&gate, y, count)
      for i in 0..<count {
        Self.expectClose(
          gate[i], Double(x[i]) / (1 + exponential(-Double(x[i]))) * Double(y[i]), scale: 20)
      }
      gate = x
      unsafe isa.kernels.geglu(&gate, y, count)
      for i in 0..<count { Self.expectClose(gate[i], gelu(x[i]) * Double(y[i]), scale: 20) }
      let wide = x.map { $0 * 100 } + [0, 1e-3, 3e4, -3e4]
      var capped = wide
      unsafe isa.kernels.soft_cap(&capped, capped.count, 30)
      for i in 0..<wide.count {
        Self.expectClose(capped[i], 30 * hyperbolicTangent(Double(wide[i]) / 30), scale: 30)
      }
      var damaged: [Float] = [.nan, .infinity, 1]
      unsafe isa.kernels.soft_cap(&damaged, 3, 30)
      #expect(damaged.map(\.isFinite) == [false, false, true])
      var sum = x
      unsafe isa.kernels.add(&sum, y, count)
      #expect(sum == zip(x, y).map(+))
    }
    for half in [1, 8, 24, 32] {
      let (x, c, s) = (random.floats(2 * half), random.floats(half), random.floats(half))
      var rotated = x
      unsafe isa.kernels.rope(&rotated, c, s, half)
      for i in 0..<half {
        let (a, b, cos, sin) = (Double(x[i]), Double(x[i + half]), Double(c[i]), Double(s[i]))
        Self.expectClose(rotated[i], a * cos - b * sin)
        Self.expectClose(rotated[i + half], b * cos + a * sin)
      }
    }
  }

  @Test("decodes rows of elements and of codes to the last bit", arguments: ISA.all)
  func decodesHeldRows(isa: ISA) {
    for seed in UInt64(1)...200 {
      var random = SeededGenerator(seed: seed)
      let rows = RowsCase(
        .random(in: 1...9, using: &random), length: .random(in: 1...100, using: &random),
        bits: [0, 4, 8].randomElement(using: &random) ?? 0, hasGroups: .random(using: &random),
        magnitude: [1e-6, 1, 60_000].randomElement(using: &random) ?? 1, random: &random)
      let first = Int.random(in: 0..<rows.count, using: &random)
      let stride = (rows.length + 15) / 16 * 16
      var target = [Float](repeating: .nan, count: (rows.count - first) * stride)
      unsafe rows.withRows { pointers in
        var pointers = unsafe pointers
        unsafe isa.kernels.decode_rows(
          &pointers, first, rows.count - first, rows.length, &target)
      }
      for row in first..<rows.count {
        let decoded = target[(row - first) * stride..<(row - first) * stride + rows.length]
        let expected = rows.floats[row * rows.length..<(row + 1) * rows.length]
        #expect(Array(decoded) == Array(expected), "seed \(seed): \(rows)")
      }
    }
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

  private static func distance(_ result: [Float], _ expected: [Double]) -> Double {
    result.count == expected.count
      ? zip(result, expected).map { abs(Double($0) - $1) }.max() ?? .infinity : .infinity
  }

  /// Bit for bit, the sign of zero too.
  private static func equal(_ a: [Float], _ b: [Float]) -> Bool {
    a.elementsEqual(b) { $0.bitPattern == $1.bitPattern }
  }

  private static func decode(
    _ isa: ISA, _ type: StoredType, _ row: [UInt8], _ count: Int
  ) -> [Float] {
    var values = [Float](repeating: .nan, count: count)
    unsafe isa.kernels.dequantise(type.kernel, row, &values, count)
    return values
  }

  private static func dot(
    _ isa: ISA, _ type: ck_type, _ rows: [[UInt8]], _ x: [Float]
  ) -> [Float] {
    var products = [Float](repeating: .nan, count: rows.count)
    let joined = rows.flatMap(\.self)
    unsafe joined.withUnsafeBytes { bytes in
      let stored = unsafe rows.indices.map { row in
        unsafe bytes.baseAddress.map { unsafe $0 + row * rows[row].count }
      }
      unsafe stored.withUnsafeBufferPointer { stored in
        unsafe x.withUnsafeBufferPointer { x in
          unsafe products.withUnsafeMutableBufferPointer { y in
            var call = unsafe ck_dot(
              type: type, rows: stored.baseAddress, count: stored.count, depth: x.count,
              x: x.baseAddress, y: y.baseAddress)
            unsafe isa.kernels.dot(&call)
          }
        }
      }
    }
    return products
  }

  private static func expectClose(_ result: Float, _ expected: Double, scale: Double = 1) {
    #expect(abs(Double(result) - expected) <= 2e-6 * max(1, abs(expected), scale))
  }

  private static func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = hexadecimal.utf8.compactMap { UInt8(String(UnicodeScalar($0)), radix: 16) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }
}
