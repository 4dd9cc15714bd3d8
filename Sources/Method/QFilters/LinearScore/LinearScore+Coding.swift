import ByteIO
import CacheFormat

/// The section `line` (spec, section 4.8).
extension LinearScore {
  /// The limit for weights and figures, which keeps scores finite.
  static let greatest: Float = 0x1p64
  static let problem = "a weight or a figure is outside its range"

  var isSound: Bool {
    weights.allSatisfy { abs($0) <= Self.greatest } && quality.allSatisfy(\.isSound)
  }

  var encoded: [UInt8] {
    var writer = ByteWriter()
    shape.write(to: &writer)
    for weight in weights { writer.write(weight) }
    for head in quality {
      writer.write(head.pairs)
      for figure in [head.mean, head.deviation, head.explained, 0] { writer.write(figure) }
    }
    return writer.bytes
  }

  /// - Parameters:
  ///   - filters: The shape of the bank's filters.
  ///   - rope: Reads the section `rope`, which belongs to a shape.
  init(
    _ section: Section, filters: FilterShape, rope: (CacheShape) throws -> LayerRoPE
  ) throws {
    var reader = section.reader
    let shape = try CacheShape(withFeatures: &reader)
    guard shape.filters == filters else {
      throw reader.error("a linear score of another shape than the filters")
    }
    let heads = shape.layers * shape.kvHeads
    guard reader.remaining == heads * (4 * shape.features + 24) else {
      throw reader.error("\(reader.remaining) bytes where the sizes give another number")
    }
    let weights = try reader.readArray(UInt32.self, count: heads * shape.features)
      .map(Float.init(bitPattern:))
    var quality: [Quality] = []
    for _ in 0..<heads { quality.append(try Self.quality(&reader)) }
    self.init(shape: shape, rope: try rope(shape), weights: weights, quality: quality)
    guard isSound else { throw reader.error(Self.problem) }
  }

  private static func quality(_ reader: inout ByteReader) throws(MalformedFile) -> Quality {
    let quality = Quality(
      pairs: try reader.readDouble(), mean: try reader.readFloat(),
      deviation: try reader.readFloat(), explained: try reader.readFloat())
    try reader.expectZeros(4)
    return quality
  }
}

extension LinearScore.Quality {
  fileprivate var isSound: Bool {
    (0...0x1p53).contains(pairs) && abs(mean) <= LinearScore.greatest
      && (0...LinearScore.greatest).contains(deviation) && (0...1).contains(explained)
  }
}
