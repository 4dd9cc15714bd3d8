import ByteIO
import CacheFormat

/// A filter for each query head. A KV head's Q-Filter is the mean over its group (spec, section
/// 4.5).
///
/// Each is the first direction of its head's queries, scaled to their mean projection on it. It
/// stands in for the query of that head.
public struct HeadFilters: Sendable, Equatable {
  /// Layers of the model.
  public let layers: Int
  /// Query heads in a layer.
  public let queryHeads: Int
  /// [layers][queryHeads][headLength].
  public let filters: [Float]

  /// The limit for an element, which keeps products with keys finite. Elements of queries are a few
  /// hundred at most.
  private static let greatest: Float = 0x1p64
  static let problem = "a filter is not finite, or greater than 2⁶⁴"

  /// The filters of all heads.
  public init(layers: Int, queryHeads: Int, filters: [Float]) {
    precondition(layers > 0 && queryHeads > 0 && filters.count % (layers * queryHeads) == 0)
    self.layers = layers
    self.queryHeads = queryHeads
    self.filters = filters
  }

  var isSound: Bool { filters.allSatisfy { abs($0) <= Self.greatest } }

  /// One query head's filter.
  public func filter(layer: Int, queryHead: Int) -> [Float] {
    let length = filters.count / (layers * queryHeads)
    let start = (layer * queryHeads + queryHead) * length
    return Array(filters[start..<start + length])
  }
}

extension HeadFilters {
  var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.write(UInt32(layers))
    writer.write(UInt32(queryHeads))
    for value in filters { writer.write(value) }
    return writer.bytes
  }

  /// The greatest length of the section `head` in bytes.
  static func limit(_ shape: FilterShape) -> UInt64 {
    8 + 4 * 4096 * UInt64(shape.layers) * UInt64(shape.headLength)
  }

  /// - Parameter known: The model's query heads in a layer, if another section tells.
  init(_ section: Section, shape: FilterShape, queryHeads known: Int?) throws(MalformedFile) {
    var reader = section.reader
    let queryHeads = try reader.readQueryHeads(of: shape)
    guard known == nil || queryHeads == known else {
      throw reader.error("\(queryHeads) query heads, and another number in qual")
    }
    let filters = try reader.readArray(
      UInt32.self, count: shape.layers * queryHeads * shape.headLength
    ).map(Float.init(bitPattern:))
    try reader.expectEnd()
    self.init(layers: shape.layers, queryHeads: queryHeads, filters: filters)
    guard isSound else { throw reader.error(Self.problem) }
  }
}
