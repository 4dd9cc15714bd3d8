import ByteIO
public import CacheFormat

/// A model's transform with its origin: a `.qtrans` file (spec, section 11).
public struct TransformFile: Sendable {
  /// The model that it was learnt from.
  public let identity: Identity
  /// The transform.
  public let transform: CacheTransform
  /// Ties snapshots to the transform that coded them.
  public let digest: Digest
  /// Text about the transform's origin.
  public let provenance: String
  let tables: CoderTables
  /// What the digest is of, but for the section `rope`.
  private let sections: [(type: SectionType, bytes: [UInt8])]

  /// A file of these parts.
  public init(identity: Identity, transform: CacheTransform, provenance: String) {
    (self.identity, self.transform, self.provenance) = (identity, transform, provenance)
    tables = .gaussian
    sections = [
      (.transform, transform.encoded), (.coderTables, tables.encoded),
      (.basis, transform.encodedBasis(tables)),
    ]
    digest = Self.digest(sections, transform.rope)
  }

  /// Reads a `.qtrans` file.
  ///
  /// - Throws: `MalformedFile` if it breaks a rule of the format, `SystemError` if it cannot be
  ///   read.
  public init(path: String) throws {
    let container = try ContainerReader(path: path, kind: .transform)
    identity = try Identity(container.section(.identity, atMost: UInt64(Identity.byteCount)))
    let description = try container.section(.transform)
    var groups = try CacheTransform.Description(description)
    let code = try container.section(.coderTables)
    tables = try CoderTables(code)
    let basis = try container.section(.basis)
    try groups.decodeBasis(basis, tables)
    let shape = groups.shape
    transform = CacheTransform(
      shape: shape, rope: try container.rope(of: shape),
      groups: groups.groups,
      metric: try CacheTransform.metric(container.section(.metric), shape: shape),
      steps: groups.steps)
    sections = [
      (.transform, description.bytes), (.coderTables, code.bytes), (.basis, basis.bytes),
    ]
    digest = Self.digest(sections, transform.rope)
    _ = try container.metaEntries()
    provenance = try container.provenance()
  }

  /// Writes a `.qtrans` file, whole or not at all. Equal transforms give equal bytes.
  ///
  /// - Returns: The file's size in bytes.
  /// - Throws: `MalformedFile` if a reader would reject it, `SystemError`.
  public func write(to path: String) throws -> UInt64 {
    try ContainerWriter.write(
      [(.identity, identity.encoded)] + sections
        + [(.rope, transform.rope.encoded), (.metric, transform.encodedMetric)],
      provenance: provenance, kind: .transform, path: path)
  }

  /// Which components of a group a quality codes at the usual step, and the bits that they take.
  public func coded(
    _ group: CacheTransform.Group, _ quality: TransformQuality
  ) -> (components: Int, bits: Double) {
    let planes = group.planes(
      step: transform.steps[quality], finest: 0, tokens: 1, tables: tables)
    guard let planes else { return (0, 0) }
    return (planes.digits.count, planes.usualBits(offset: 0))
  }

  private static func digest(
    _ sections: [(type: SectionType, bytes: [UInt8])], _ rope: LayerRoPE
  ) -> Digest {
    var digest = SHA256()
    for section in sections { digest.update(section.bytes) }
    digest.update(rope.encoded)
    return Digest(digest.finish())
  }
}
