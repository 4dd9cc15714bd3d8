import ByteIO
import CacheFormat

/// The section `pair` (spec, section 4.7).
extension LinearScoreSums {
  /// The greatest number of columns, which keeps all sizes below 2⁶³.
  static let mostColumns = 1 << 16

  var encoded: [UInt8] {
    var writer = ByteWriter()
    shape.write(to: &writer)
    let columns = shape.columns
    for gram in grams {
      for row in 0..<columns {
        for column in 0...row { writer.write(gram[column * columns + row]) }
      }
    }
    return writer.bytes
  }

  /// - Parameters:
  ///   - queries: The shape of the statistics of queries in the same file.
  ///   - rope: Reads the section `rope`, which belongs to a shape.
  init(_ section: Section, queries: FilterShape, rope: (CacheShape) throws -> LayerRoPE) throws {
    var reader = section.reader
    let shape = try CacheShape(withFeatures: &reader)
    guard shape.filters == queries else {
      throw reader.error("sums for a linear score of another shape than the statistics of queries")
    }
    let columns = shape.columns
    guard reader.remaining == 4 * shape.layers * columns * (columns + 1) else {
      throw reader.error("\(reader.remaining) bytes of sums where the sizes give another number")
    }
    self.init(shape: shape, rope: try rope(shape))
    for layer in 0..<shape.layers {
      for row in 0..<columns {
        let values = try reader.readArray(UInt64.self, count: row + 1)
          .map(Double.init(bitPattern:))
        guard values.allSatisfy(\.isFinite) else { throw reader.error("a sum is not finite") }
        guard values[row] >= 0 else { throw reader.error("a sum of squares is negative") }
        for (column, value) in values.enumerated() { grams[layer][column * columns + row] = value }
      }
    }
  }
}

extension CacheShape {
  /// The shape of filters for such caches.
  var filters: FilterShape {
    FilterShape(layers: layers, kvHeads: kvHeads, headLength: keyLength)
  }

  /// Features of a pair.
  package var features: Int { PairFeatures.count(kvHeads: kvHeads, pairLength: pairLength) }

  /// Features and targets: one target for each head.
  var columns: Int { features + kvHeads }

  /// Reads the shape of caches whose pairs have features of a bounded number.
  init(withFeatures reader: inout ByteReader) throws(MalformedFile) {
    try self.init(&reader)
    guard columns <= LinearScoreSums.mostColumns else {
      throw reader.error("\(columns) columns are too many")
    }
  }
}
