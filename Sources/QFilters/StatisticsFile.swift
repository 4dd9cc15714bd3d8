public import CacheFormat

/// Calibration statistics with their origin: a `.qstat` file (spec, section 4.2).
public struct StatisticsFile: Sendable {
  /// The model that the queries come from.
  public let identity: Identity
  /// The sums.
  public let statistics: CalibrationStatistics
  /// Text about the statistics' origin.
  public let provenance: String

  /// Brings the parts together.
  public init(identity: Identity, statistics: CalibrationStatistics, provenance: String) {
    self.identity = identity
    self.statistics = statistics
    self.provenance = provenance
  }

  /// Reads a `.qstat` file.
  ///
  /// - Throws: `MalformedFile` if it breaks a rule of the format, `SystemError` if it cannot be read.
  public init(path: String) throws {
    let container = try ContainerReader(path: path, kind: .statistics)
    identity = try Identity(container.section(.identity, atMost: UInt64(Identity.byteCount)))
    statistics = try CalibrationStatistics(container.section(.statistics))
    provenance = try container.provenance()
  }

  /// Writes a `.qstat` file, whole or not at all. Equal statistics give equal bytes.
  ///
  /// - Returns: The file's size in bytes.
  /// - Throws: `MalformedFile` if a reader would refuse it, `SystemError`.
  public func write(to path: String) throws -> UInt64 {
    try ContainerWriter.write(
      [(.identity, identity.encoded), (.statistics, statistics.encoded)], provenance: provenance,
      kind: .statistics, path: path)
  }
}
