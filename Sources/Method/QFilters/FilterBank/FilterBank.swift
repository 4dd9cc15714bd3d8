import ByteIO
public import CacheFormat

/// A model's Q-Filters with their origin: a `.qfilt` file (spec, section 4.1).
public struct FilterBank: Sendable, Equatable {
  /// How many positions after a context filters are rotated to: their queries will read its pairs.
  public static let futurePositions = ExpectedAttentionScorer.futurePositions

  /// The model that the filters belong to.
  public let identity: Identity
  /// How many filters there are, and how long.
  public let shape: FilterShape
  /// All filters, [layers][kvHeads][headLength], in the paper's sign: a pair's score is ⟨key,
  /// filter⟩, and the lowest are dropped first.
  public let filters: [Float]
  /// How well the filters represent the queries; nil if the file does not tell, as after an import.
  public let quality: FilterQuality?
  /// The filters of the query heads, whose means are `filters`; nil if the file has none, as after
  /// an import.
  public let heads: HeadFilters?
  /// The score by the pair itself, by which heads get their budgets; nil if the file has none, as
  /// after an import.
  public let linear: LinearScore?
  /// The sequences that the filters come from; nil if the file does not name them, as after an
  /// import.
  public let sequences: SequenceSet?
  /// A JSON object about the filters' origin, keys sorted.
  public let provenance: String

  /// A bank of these parts.
  ///
  /// - Parameters:
  ///   - identity: The model.
  ///   - shape: Layers, KV heads and the length of a filter.
  ///   - filters: `shape.count` finite numbers.
  ///   - quality: How well they represent the queries.
  ///   - heads: The filters of the query heads, whose means are `filters`.
  ///   - linear: The score by the pair itself, by which heads get their budgets.
  ///   - sequences: What text they were computed from.
  ///   - provenance: A JSON object about their origin, keys sorted.
  public init(
    identity: Identity, shape: FilterShape, filters: [Float], quality: FilterQuality? = nil,
    heads: HeadFilters? = nil, linear: LinearScore? = nil, sequences: SequenceSet? = nil,
    provenance: String
  ) {
    precondition(filters.count == shape.count)
    self.quality = quality
    self.heads = heads
    self.linear = linear
    self.sequences = sequences
    self.identity = identity
    self.shape = shape
    self.filters = filters
    self.provenance = provenance
  }

  /// Computes filters from statistics, and keeps their origin.
  ///
  /// - Throws: `CalibrationError` if the statistics have no tokens or no direction.
  public init(_ file: StatisticsFile) throws(CalibrationError) {
    let statistics = file.statistics
    let axes = try statistics.axes()
    self.init(
      identity: file.identity, shape: statistics.shape, filters: statistics.filters(of: axes),
      quality: statistics.quality(of: axes), heads: try statistics.headFilters(of: axes),
      linear: try file.pairs?.score(), sequences: file.sequences, provenance: file.provenance)
  }

  /// Reads a `.qfilt` file.
  ///
  /// - Throws: `MalformedFile` if it breaks a rule of the format, `SystemError` if it cannot be
  ///   read.
  public init(path: String) throws {
    let container = try ContainerReader(path: path, kind: .filterBank)
    identity = try Identity(container.section(.identity, atMost: UInt64(Identity.byteCount)))
    let (shape, filters) = try Self.parse(container.section(.filters))
    (self.shape, self.filters) = (shape, filters)
    quality = try container.section(
      ifPresent: .quality, atMost: FilterQuality.limit(layers: shape.layers)
    )
    .map { try FilterQuality($0, shape: shape) }
    let queryHeads = quality?.queryHeads
    heads = try container.section(ifPresent: .headFilters, atMost: HeadFilters.limit(shape))
      .map { try HeadFilters($0, shape: shape, queryHeads: queryHeads) }
    linear = try container.section(ifPresent: .linearScore, atMost: .max).map {
      try LinearScore($0, filters: shape) { try container.rope(of: $0) }
    }
    try container.checkRoPE(isUsed: linear != nil)
    sequences = try container.section(ifPresent: .sequences, atMost: SequenceSet.limit)
      .map { try SequenceSet($0) }
    _ = try container.metaEntries()
    provenance = try container.provenance()
  }

  /// Writes a `.qfilt` file, whole or not at all. Equal filters give equal bytes.
  ///
  /// - Returns: The file's size in bytes.
  /// - Throws: `MalformedFile` if a reader would reject it, `SystemError`.
  public func write(to path: String) throws -> UInt64 {
    guard filters.allSatisfy(\.isFinite) else {
      throw MalformedFile(path: path, section: "FILT", problem: "a filter is not finite")
    }
    guard heads?.isSound != false else {
      throw MalformedFile(path: path, section: "head", problem: HeadFilters.problem)
    }
    guard linear?.isSound != false else {
      throw MalformedFile(path: path, section: "line", problem: LinearScore.problem)
    }
    return try ContainerWriter.write(
      [(.identity, identity.encoded), (.filters, section)]
        + (quality.map { [(.quality, $0.encoded)] } ?? [])
        + (sequences.map { [(.sequences, $0.encoded)] } ?? [])
        + (heads.map { [(.headFilters, $0.encoded)] } ?? [])
        + (linear.map { [(.rope, $0.rope.encoded), (.linearScore, $0.encoded)] } ?? []),
      provenance: provenance, kind: .filterBank, path: path)
  }

  /// The digest that ties a snapshot to the filters that ranked its pairs.
  public var digest: Digest {
    Digest(
      of: section + (heads?.encoded ?? []) + (linear.map { $0.rope.encoded + $0.encoded } ?? []))
  }

  /// The filter of one layer and KV head.
  public func filter(layer: Int, head: Int) -> [Float] {
    let start = (layer * shape.kvHeads + head) * shape.headLength
    return Array(filters[start..<start + shape.headLength])
  }
}

extension FilterBank {
  private var section: [UInt8] {
    var writer = ByteWriter()
    writer.write(UInt32(shape.layers))
    writer.write(UInt32(shape.kvHeads))
    writer.write(UInt32(shape.headLength))
    writer.writeZeros(4)
    for value in filters { writer.write(value) }
    return writer.bytes
  }

  private static func parse(
    _ section: Section
  ) throws(MalformedFile) -> (shape: FilterShape, filters: [Float]) {
    var reader = section.reader
    let shape = FilterShape(
      layers: try reader.readSize("layers", 1...4096),
      kvHeads: try reader.readSize("KV heads", 1...4096),
      headLength: try reader.readSize("filter elements", 1...8192))
    try reader.expectZeros(4)
    let filters = try reader.readArray(UInt32.self, count: shape.count).map(Float.init(bitPattern:))
    try reader.expectEnd()
    guard filters.allSatisfy(\.isFinite) else { throw reader.error("a filter is not finite") }
    return (shape, filters)
  }
}
