import ByteIO

/// Everything in a snapshot except its chunks.
public struct SnapshotMetadata: Sendable, Equatable {
  /// What ties the cache to its model.
  public var identity: SnapshotIdentity
  /// The digest of the filter bank that ranked the pairs; zero if there is none.
  public var filterDigest: Digest
  /// A child's parent; nil for a snapshot that holds its whole context.
  public var parent: ParentReference?
  /// The cache's shape. A child's tokens are those of the whole context.
  public var context: ContextDescription
  /// Which pairs are stored, in which tiers.
  public var tiers: TierTable
  /// The token ids in order of position.
  public var tokens: [UInt32]
  /// Named texts of other programs.
  public var meta = MetaEntries.none
  /// A JSON object about the snapshot's origin, keys sorted, at most 1 MiB of UTF-8.
  public var provenance: String

  /// Metadata of these parts; `check` rejects what the format does not allow.
  public init(
    identity: SnapshotIdentity, filterDigest: Digest, parent: ParentReference? = nil,
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
  /// The sections that hold the metadata, with their bytes, in the order of the file.
  public var sections: [(type: SectionType, bytes: [UInt8])] {
    var ids = ByteWriter()
    for token in tokens { ids.write(token) }
    let sections: [(type: SectionType, bytes: [UInt8]?)] = [
      (.identity, identity.encoded(filters: filterDigest)),
      (.files, identity.files?.encoded),
      (.parent, parent?.encoded),
      (.context, context.encoded),
      (.shapes, context.shapes?.encoded),
      (.scales, context.scales?.encoded),
      (.tokens, ids.bytes),
      (.tiers, tiers.encoded),
      (.meta, meta.encoded),
      (.provenance, [UInt8](provenance.utf8)),
    ]
    return sections.compactMap { section in section.bytes.map { (section.type, $0) } }
  }

  /// Reads the metadata of an opened snapshot.
  ///
  /// - Throws: `MalformedFile` if it breaks a rule of the format, `SystemError` if reading fails.
  public init(_ container: ContainerReader) throws {
    try self.init { type, limit in try container.section(ifPresent: type, atMost: limit) }
    meta = try container.metaEntries()
    provenance = try container.provenance()
  }

  /// Rejects metadata that a reader would reject, before a snapshot is written to `path`.
  ///
  /// - Throws: `MalformedFile`, with offsets from the start of the section.
  public func check(path: String) throws {
    let sections = sections
    let parsed = try Self { type, _ in
      sections.first { $0.type == type }.map {
        Section(type: type, bytes: $0.bytes, offset: 0, path: path)
      }
    }
    guard parsed.context == context, parsed.tiers == tiers, parsed.parent == parent else {
      throw MalformedFile(path: path, section: "TIER", problem: "the tiers are of another context")
    }
    try ContainerWriter.check(provenance: provenance, path: path)
  }

  /// Reads everything except what is for people, from sections that `find` fetches, none longer
  /// than its limit.
  private init(_ find: (SectionType, UInt64) throws -> Section?) throws {
    func read(_ type: SectionType, _ limit: UInt64) throws -> Section {
      guard let section = try find(type, limit) else {
        throw MalformedFile(path: "", section: "directory", problem: "no section \(type)")
      }
      return section
    }
    let digests = try read(.identity, UInt64(SnapshotIdentity.byteCount))
    (identity, filterDigest) = try SnapshotIdentity.read(
      digests, files: find(.files, FileIdentity.limit))
    context = try Self.context(read(.context, UInt64(ContextDescription.byteCount)), find)
    parent = try find(.parent, ParentReference.maximumByteCount).map { [context] in
      try ParentReference($0, tokens: context.tokens)
    }
    let ids = try read(.tokens, 4 * UInt64(context.tokens))
    var reader = ids.reader
    tokens = try reader.readArray(UInt32.self, count: context.tokens)
    try reader.expectEnd()
    let ranking = try read(.tiers, TierTable.maximumByteCount(context))
    tiers = try TierTable(
      ranking, context: context, firstPosition: parent?.firstPosition ?? 0)
    guard tiers.scorer.allowsFilterBank(filterDigest != .zero) else {
      let bank = filterDigest == .zero ? "no filter bank" : "a filter bank"
      throw ranking.reader.error("ranked by \(tiers.scorer.name), yet IDEN names \(bank)")
    }
    provenance = "{}"
  }

  /// The context with its layers' shapes and its scales.
  private static func context(
    _ section: Section, _ find: (SectionType, UInt64) throws -> Section?
  ) throws -> ContextDescription {
    var context = try ContextDescription(section)
    let shapes = try find(.shapes, LayerShapes.byteCount(layers: context.layers))
    context.shapes = try shapes.map { try LayerShapes($0, context: context) }
    try context.checkBlocks(shapes ?? section)
    let heads = context.layers * context.kvHeads
    let scales = try find(.scales, FP8Scales.byteCount(heads: heads))
    guard (scales != nil) == (context.keyCodec.isFloat8 || context.valueCodec.isFloat8) else {
      throw MalformedFile(
        path: section.path, section: "directory", problem: "SCAL belongs to FP8, and only to it")
    }
    context.scales = try scales.map { try FP8Scales($0, context: context) }
    return context
  }
}

extension ContextDescription {
  /// Keys and values must consist of whole elements.
  fileprivate func checkBlocks(_ section: Section) throws(MalformedFile) {
    for shape in (0..<layers).map(shape) {
      guard shape.keyLength % keyCodec.numbers == 0, shape.valueLength % valueCodec.numbers == 0
      else { throw section.reader.error("keys or values of no whole blocks") }
    }
  }
}
