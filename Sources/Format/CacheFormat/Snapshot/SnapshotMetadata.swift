import ByteIO

/// Everything in a snapshot except its chunks.
public struct SnapshotMetadata: Sendable, Equatable {
  /// The model that the cache belongs to.
  public var identity: Identity
  /// The digest of the filter bank that ranked the pairs; zero if another scorer did.
  public var filterDigest: Digest
  /// A child's parent; nil for a snapshot that holds its whole context.
  public var parent: ParentReference?
  /// The cache's shape. A child's tokens are those of the whole context.
  public var context: ContextDescription
  /// Which pairs are stored, in which tiers.
  public var tiers: TierTable
  /// The token ids in order of position.
  public var tokens: [UInt32]
  /// A JSON object about the snapshot's origin, keys sorted, at most 1 MiB of UTF-8.
  public var provenance: String

  /// Metadata of these parts; `check` rejects what the format does not allow.
  public init(
    identity: Identity, filterDigest: Digest, parent: ParentReference? = nil,
    context: ContextDescription, tiers: TierTable, tokens: [UInt32], provenance: String
  ) {
    self.identity = identity
    self.filterDigest = filterDigest
    self.parent = parent
    self.context = context
    self.tiers = tiers
    self.tokens = tokens
    self.provenance = provenance
  }
}

extension SnapshotMetadata {
  private static let identityByteCount = Identity.byteCount + Digest.byteCount

  /// The sections that hold the metadata, with their bytes, in the order of the file.
  public var sections: [(type: SectionType, bytes: [UInt8])] {
    var ids = ByteWriter()
    for token in tokens { ids.write(token) }
    return [(.identity, identity.encoded + filterDigest.bytes)]
      + (parent.map { [(.parent, $0.encoded)] } ?? [])
      + [
        (.context, context.encoded),
        (.tokens, ids.bytes),
        (.tiers, tiers.encoded),
        (.provenance, [UInt8](provenance.utf8)),
      ]
  }

  /// Reads the metadata of an opened snapshot.
  ///
  /// - Throws: `MalformedFile` if it breaks a rule of the format, `SystemError` if reading fails.
  public init(_ container: ContainerReader) throws {
    let parent = try container.section(
      ifPresent: .parent, atMost: ParentReference.maximumByteCount)
    try self.init(parent: parent) { type, limit in try container.section(type, atMost: limit) }
    provenance = try container.provenance()
  }

  /// Rejects metadata that a reader would reject, before a snapshot is written to `path`.
  ///
  /// - Throws: `MalformedFile`, with offsets from the start of the section.
  public func check(path: String) throws {
    let sections = sections
    func section(_ type: SectionType) -> Section? {
      sections.first { $0.type == type }.map {
        Section(type: type, bytes: $0.bytes, offset: 0, path: path)
      }
    }
    let parsed = try Self(parent: section(.parent)) { type, _ in
      section(type) ?? Section(type: type, bytes: [], offset: 0, path: path)
    }
    guard parsed.context == context, parsed.tiers == tiers, parsed.parent == parent else {
      throw MalformedFile(path: path, section: "TIER", problem: "the tiers are of another context")
    }
    try ContainerWriter.check(provenance: provenance, path: path)
  }

  /// Reads everything except the provenance: the parent from its section, if there is one, the rest
  /// from sections that `read` fetches, none longer than its limit.
  private init(parent: Section?, _ read: (SectionType, UInt64) throws -> Section) throws {
    var digests = try read(.identity, UInt64(Self.identityByteCount)).reader
    identity = try Identity(&digests)
    filterDigest = Digest(try digests.readBytes(Digest.byteCount))
    try digests.expectEnd()
    context = try ContextDescription(read(.context, UInt64(ContextDescription.byteCount)))
    self.parent = try parent.map { [context] in
      try ParentReference($0, tokens: context.tokens)
    }
    let ids = try read(.tokens, 4 * UInt64(context.tokens))
    var reader = ids.reader
    tokens = try reader.readArray(UInt32.self, count: context.tokens)
    try reader.expectEnd()
    let ranking = try read(.tiers, TierTable.maximumByteCount(context))
    tiers = try TierTable(
      ranking, context: context, firstPosition: self.parent?.firstPosition ?? 0)
    guard tiers.scorer.needsFilterBank == (filterDigest != .zero) else {
      let bank = filterDigest == .zero ? "no filter bank" : "a filter bank"
      throw ranking.reader.error("ranked by \(tiers.scorer.name), yet IDEN names \(bank)")
    }
    provenance = "{}"
  }
}
