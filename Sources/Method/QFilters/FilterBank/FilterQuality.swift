import ByteIO
import CacheFormat

/// How well a model's query heads meet the assumption of Q-Filters: that a head's queries lean in
/// one direction (spec, section 4.3).
public struct FilterQuality: Sendable, Equatable {
  /// The figures of one query head.
  public struct Head: Sendable, Equatable {
    /// The share of the queries' energy in the first direction, 0 … 1: the greatest eigenvalue of
    /// the Gram matrix, divided by its trace.
    public let energyShare: Float
    /// The mean of the queries' projections on that direction; never negative.
    public let meanProjection: Float
    /// The cosine of that direction and the mean query, 0 … 1.
    public let meanCosine: Float

    /// The figures of a head.
    public init(energyShare: Float, meanProjection: Float, meanCosine: Float) {
      self.energyShare = energyShare
      self.meanProjection = meanProjection
      self.meanCosine = meanCosine
    }

    /// The least cosine with the mean query at which the direction's sign means something.
    public static let leastCosine: Float = 0.9
    /// The least share of energy at which one direction represents the queries.
    public static let leastShare: Float = 0.2

    /// Whether the queries lean in one direction: their first direction carries at least a fifth of
    /// the energy and is close to their mean's. Otherwise queries point both ways along it, and a
    /// key's projection says little about its attention.
    public var holds: Bool { energyShare >= Self.leastShare && meanCosine >= Self.leastCosine }
  }

  /// Layers of the model.
  public let layers: Int
  /// Query heads in a layer.
  public let queryHeads: Int
  /// [layers][queryHeads].
  public let heads: [Head]

  /// The figures of all heads.
  public init(layers: Int, queryHeads: Int, heads: [Head]) {
    precondition(heads.count == layers * queryHeads)
    self.layers = layers
    self.queryHeads = queryHeads
    self.heads = heads
  }

  /// In how many heads the method's assumption holds.
  package var holdingHeads: Int { heads.count { $0.holds } }
  /// In which share of the heads it holds, 0 … 1.
  package var holdingShare: Double { Double(holdingHeads) / Double(max(1, heads.count)) }

  /// The heads of one layer.
  public func heads(layer: Int) -> ArraySlice<Head> {
    heads[layer * queryHeads..<(layer + 1) * queryHeads]
  }
}

extension FilterQuality {
  var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.write(UInt32(layers))
    writer.write(UInt32(queryHeads))
    for head in heads {
      for value in [head.energyShare, head.meanProjection, head.meanCosine] { writer.write(value) }
    }
    return writer.bytes
  }

  /// The greatest length of the section `qual` in bytes.
  static func limit(layers: Int) -> UInt64 { 8 + 12 * 4096 * UInt64(layers) }

  init(_ section: Section, shape: FilterShape) throws(MalformedFile) {
    var reader = section.reader
    let queryHeads = try reader.readQueryHeads(of: shape)
    guard reader.remaining == 12 * shape.layers * queryHeads else {
      throw reader.error("\(reader.remaining) bytes of figures where the sizes give another number")
    }
    var heads: [Head] = []
    for _ in 0..<shape.layers * queryHeads { heads.append(try Self.head(&reader)) }
    self.init(layers: shape.layers, queryHeads: queryHeads, heads: heads)
  }

  private static func head(_ reader: inout ByteReader) throws(MalformedFile) -> Head {
    let place = reader
    let head = Head(
      energyShare: try reader.readFloat(), meanProjection: try reader.readFloat(),
      meanCosine: try reader.readFloat())
    guard (0...1).contains(head.energyShare), (0...1).contains(head.meanCosine),
      head.meanProjection >= 0, head.meanProjection.isFinite
    else { throw place.error("a figure is outside its range") }
    return head
  }
}
