import ByteIO
import CacheFormat

extension CalibrationStatistics {
  private static let maximumTokens: UInt64 = 1 << 53

  /// The contents of the section `STAT`: the sums [layers][queryHeads][headLength], and the rows of
  /// each Gram matrix's lower triangle. That is the transposed upper triangle in memory.
  public var storedValues: (sums: [Double], grams: [Double]) {
    let length = shape.headLength
    let triangles = grams.map { gram in
      (0..<length).flatMap { row in (0...row).map { column in gram[column * length + row] } }
    }
    return (sums.flatMap { $0 }, triangles.flatMap { $0 })
  }

  var encoded: [UInt8] {
    var writer = ByteWriter()
    for size in [shape.layers, queryHeads, shape.kvHeads, shape.headLength] {
      writer.write(UInt32(size))
    }
    writer.write(UInt64(tokens))
    let (sums, grams) = storedValues
    for value in sums + grams { writer.write(value) }
    return writer.bytes
  }

  init(_ section: Section) throws(MalformedFile) {
    var reader = section.reader
    let layers = try reader.readSize("layers", 1...4096)
    let queryHeads = try reader.readSize("query heads", 1...4096)
    let kvHeads = try reader.readSize("KV heads", 1...4096)
    let length = try reader.readSize("query elements", 1...8192)
    guard queryHeads % kvHeads == 0 else {
      throw reader.error("\(queryHeads) query heads are no multiple of \(kvHeads) KV heads")
    }
    let tokens = try reader.read(UInt64.self)
    guard tokens <= Self.maximumTokens else { throw reader.error("too many tokens: \(tokens)") }
    // The limits keep the product below 2⁵³.
    let expected = 8 * layers * queryHeads * (length + length * (length + 1) / 2)
    guard reader.remaining == expected else {
      throw reader.error("\(reader.remaining) bytes of sums where the sizes give \(expected)")
    }
    self.init(
      shape: FilterShape(layers: layers, kvHeads: kvHeads, headLength: length),
      queryHeads: queryHeads, tokens: Int(tokens))
    for head in 0..<layers * queryHeads { sums[head] = try Self.finite(&reader, length) }
    for head in 0..<layers * queryHeads { grams[head] = try Self.gram(&reader, length) }
  }

  private static func finite(
    _ reader: inout ByteReader, _ count: Int
  ) throws(MalformedFile) -> [Double] {
    let values = try reader.readArray(UInt64.self, count: count).map(Double.init(bitPattern:))
    guard values.allSatisfy(\.isFinite) else { throw reader.error("a sum is not finite") }
    return values
  }

  /// Reads a lower triangle's rows into an upper triangle.
  private static func gram(
    _ reader: inout ByteReader, _ length: Int
  ) throws(MalformedFile) -> [Double] {
    var gram = [Double](repeating: 0, count: length * length)
    for row in 0..<length {
      let values = try finite(&reader, row + 1)
      guard values[row] >= 0 else { throw reader.error("a sum of squares is negative") }
      for (column, value) in values.enumerated() {
        gram[column * length + row] = value
      }
    }
    return gram
  }
}
