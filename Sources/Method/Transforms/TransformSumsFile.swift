import ByteIO
public import CacheFormat
public import QFilters

/// Sums for a transform with their origin: a `.qtsum` file (spec, section 11.6).
public struct TransformSumsFile: Sendable {
  /// The model that the caches come from.
  public let identity: Identity
  /// The sums.
  public let sums: TransformSums
  /// The sequences that were added.
  public let sequences: SequenceSet
  /// Text about the sums' origin.
  public let provenance: String

  /// A file of these parts.
  public init(
    identity: Identity, sums: TransformSums, sequences: SequenceSet, provenance: String
  ) {
    (self.identity, self.sums, self.sequences) = (identity, sums, sequences)
    self.provenance = provenance
  }

  /// Reads a `.qtsum` file.
  ///
  /// - Throws: `MalformedFile` if it breaks a rule of the format, `SystemError` if it cannot be
  ///   read.
  public init(path: String) throws {
    let container = try ContainerReader(path: path, kind: .transformSums)
    identity = try Identity(container.section(.identity, atMost: UInt64(Identity.byteCount)))
    sums = try TransformSums(container.section(.transformSums)) { try container.rope(of: $0) }
    sequences = try SequenceSet(container.section(.sequences, atMost: SequenceSet.limit))
    _ = try container.metaEntries()
    provenance = try container.provenance()
  }

  /// Writes a `.qtsum` file, whole or not at all. Equal sums give equal bytes.
  ///
  /// - Returns: The file's size in bytes.
  /// - Throws: `MalformedFile` if a reader would reject it, `SystemError`.
  public func write(to path: String) throws -> UInt64 {
    try ContainerWriter.write(
      [
        (.identity, identity.encoded), (.transformSums, sums.encoded),
        (.sequences, sequences.encoded), (.rope, sums.rope.encoded),
      ], provenance: provenance, kind: .transformSums, path: path)
  }
}
