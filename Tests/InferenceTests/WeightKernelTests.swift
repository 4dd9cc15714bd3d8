import CInferenceKernels
import TestSupport
import Testing

@Suite("Rows of weights and caches decode and multiply as plain arithmetic does, on every ISA")
struct WeightKernelTests {
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
      expectClose(
        Self.dot(isa, CK_F32, [bytes], x)[0],
        zip(row, x).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }, scale: Double(count))
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

  private static func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = hexadecimal.utf8.compactMap { UInt8(String(UnicodeScalar($0)), radix: 16) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }
}
