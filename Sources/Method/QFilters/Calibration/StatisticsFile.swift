import ByteIO
public import CacheFormat

/// Calibration statistics with their origin: a `.qstat` file (spec, section 4.2).
public struct StatisticsFile: Sendable {
  /// The model that the queries come from.
  public let identity: Identity
  /// The sums.
  public let statistics: CalibrationStatistics
  /// The sums from which a linear score is learnt, over the same sequences; nil if the file has
  /// none.
  public let pairs: LinearScoreSums?
  /// The sequences that were added; nil if the file does not name them.
  public let sequences: SequenceSet?
  /// Text about the statistics' origin.
  public let provenance: String

  /// A file of these parts.
  ///
  /// - Parameters:
  ///   - identity: The model.
  ///   - statistics: Sums over its queries.
  ///   - pairs: Sums over caches of the statistics' shape.
  ///   - sequences: The sequences, which have as many tokens as the statistics.
  ///   - provenance: A JSON object about their origin, keys sorted.
  public init(
    identity: Identity, statistics: CalibrationStatistics, pairs: LinearScoreSums? = nil,
    sequences: SequenceSet?, provenance: String
  ) {
    precondition(sequences.map { $0.tokens == statistics.tokens } ?? true)
    precondition(pairs.map { $0.shape.filters == statistics.shape } ?? true)
    self.identity = identity
    self.statistics = statistics
    self.pairs = pairs
    self.sequences = sequences
    self.provenance = provenance
  }

  /// Reads a `.qstat` file.
  ///
  /// - Throws: `MalformedFile` if it breaks a rule of the format, `SystemError` if it cannot be
  ///   read.
  public init(path: String) throws {
    let container = try ContainerReader(path: path, kind: .statistics)
    identity = try Identity(container.section(.identity, atMost: UInt64(Identity.byteCount)))
    let statistics = try CalibrationStatistics(container.section(.statistics))
    self.statistics = statistics
    pairs = try container.section(ifPresent: .pairSums, atMost: .max).map {
      try LinearScoreSums($0, queries: statistics.shape) { try container.rope(of: $0) }
    }
    try container.checkRoPE(isUsed: pairs != nil)
    sequences = try Self.sequences(container, tokens: statistics.tokens)
    _ = try container.metaEntries()
    provenance = try container.provenance()
  }

  /// Writes a `.qstat` file, whole or not at all. Equal statistics give equal bytes.
  ///
  /// - Returns: The file's size in bytes.
  /// - Throws: `MalformedFile` if a reader would reject it, `SystemError`.
  public func write(to path: String) throws -> UInt64 {
    try ContainerWriter.write(
      [(.identity, identity.encoded), (.statistics, statistics.encoded)]
        + (sequences.map { [(.sequences, $0.encoded)] } ?? [])
        + (pairs.map { [(.rope, $0.rope.encoded), (.pairSums, $0.encoded)] } ?? []),
      provenance: provenance, kind: .statistics, path: path)
  }

  private static func sequences(_ container: ContainerReader, tokens: Int) throws -> SequenceSet? {
    guard
      let section = try container.section(ifPresent: .sequences, atMost: SequenceSet.limit)
    else { return nil }
    let sequences = try SequenceSet(section)
    guard sequences.tokens == tokens else {
      throw section.reader.error(
        "sequences of \(sequences.tokens) tokens where the sums are of \(tokens)")
    }
    return sequences
  }
}
