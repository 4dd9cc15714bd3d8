import ByteIO
public import CacheFormat

/// A snapshot and all those that it continues (spec, section 5.7). Together they hold one cache. A
/// snapshot without a parent is a chain of one.
public struct SnapshotChain: Sendable {
  /// The snapshots, the root first, each the parent of the next one.
  public let snapshots: [SnapshotReader]
  /// [snapshots]: pairs count at positions before this one; a later snapshot dropped the others.
  private let ends: [Int]
  /// [snapshots]: nil unless a transform coded it.
  let blockDecoders: [BlockDecoder?]

  /// The greatest number of snapshots.
  public static let maximumSnapshots = 1024
  /// The number of open files that every process may have.
  private static let usualOpenFiles = 256

  /// Opens a snapshot and those that it continues, and checks that they belong together, in the
  /// order of spec/conformance.md: that all are there, then the rules of the chain, then the
  /// identity.
  ///
  /// - Parameters:
  ///   - path: The last snapshot: a file, or an address that begins with `https://` or `http://`.
  ///   - companions: Files in other folders that it may need, and keys. A transform is read when it
  ///     is needed first.
  /// - Throws: `ParentMissing`; `KeyProblem`; `IdentityMismatch` or `IdentityNotProven` if
  ///   the snapshots are of different models;
  ///   `MalformedFile` if the bytes of one break a rule of the format, or they do not belong
  ///   together; `SystemError`; `RemoteFileError`.
  public init(path: String, with companions: Companions = Companions()) throws {
    let keys = companions.keys
    var snapshots = [try SnapshotReader(path: path, keys: keys)]
    var named: [Digest: SnapshotReader] = [:]
    for path in companions.parents {
      let reader = try SnapshotReader(path: path, keys: keys)
      named[try reader.digest] = reader
    }
    while let child = snapshots.last, let reference = child.metadata.parent {
      guard snapshots.count < Self.maximumSnapshots else {
        throw MalformedFile(
          path: path, section: "PRNT",
          problem: "it continues more than \(Self.maximumSnapshots - 1) snapshots; "
            + "merge its parent's chain with recompress, then save it again")
      }
      if snapshots.count == Self.usualOpenFiles { OpenFiles.allowMany() }
      snapshots.append(
        try named[reference.digest]
          ?? child.parent(reference, keys, othersAreNamed: !named.isEmpty))
    }
    for (child, parent) in zip(snapshots, snapshots.dropFirst()) { try child.checkRules(parent) }
    for (child, parent) in zip(snapshots, snapshots.dropFirst()) {
      try child.metadata.identity.check(
        parent: parent.metadata.identity, path: child.path, parentPath: parent.path)
    }
    self.init(snapshots: snapshots.reversed(), transforms: companions.transforms)
  }

  /// A snapshot's own pairs alone, without its parents'.
  public init(alone reader: SnapshotReader, with companions: Companions = Companions()) {
    self.init(snapshots: [reader], transforms: companions.transforms)
  }

  private init(snapshots: [SnapshotReader], transforms: [String]) {
    self.snapshots = snapshots
    let transforms = TransformFiles(transforms)
    blockDecoders = snapshots.map { snapshot in
      snapshot.blocks.map { BlockDecoder(snapshot, $0, transforms) }
    }
    var end = Int.max
    ends = snapshots.reversed().map { snapshot in
      defer { end = min(end, snapshot.metadata.tiers.positions.lowerBound) }
      return min(end, snapshot.metadata.context.tokens)
    }.reversed()
  }
}

extension SnapshotChain {
  /// The snapshot that was opened.
  public var last: SnapshotReader { snapshots[snapshots.count - 1] }

  /// Where it was opened.
  public var path: String { last.path }

  /// The last snapshot's metadata. Its context and tokens are those of the whole chain.
  public var metadata: SnapshotMetadata { last.metadata }

  /// The first position whose pairs no longer count in a snapshot.
  ///
  /// - Parameter index: The snapshot's index; 0 is the root.
  public func end(ofSnapshot index: Int) -> Int { ends[index] }

  /// How many bytes of all snapshots have been read so far.
  public var bytesRead: UInt64 { snapshots.reduce(0) { $0 + $1.bytesRead } }

  /// Checks that what decodes the pairs of a compression is at hand: that no tier needs another
  /// program's codec, and that the transforms are there, which are read.
  ///
  /// - Parameter compression: The compression, or nil for all that is stored.
  /// - Throws: `PrivateCodec`; `TransformMissing`; `CompressionNotStored`; `MalformedFile` if a
  ///   transform is damaged or does not fit; `SystemError`.
  public func checkDecodable(compression: Int?) throws {
    do {
      for tier in try compression.map(tiersNeeded) ?? allTiers {
        try snapshots[tier.snapshot].checkCodecs(tier: tier.tier)
      }
      for decoder in blockDecoders { _ = try decoder?.transform() }
    } catch {
      // A damaged snapshot is reported as damaged.
      try verifyChunks()
      throw error
    }
  }

  /// Requests at once, from servers, what a compression needs of each snapshot.
  ///
  /// - Parameter compression: The compression, or nil for all that is stored.
  /// - Throws: `CompressionNotStored`; `RemoteFileError`; `SystemError`.
  package func prefetch(compression: Int?) throws {
    for snapshot in snapshots { try snapshot.prefetch(compression: compression) }
  }

  /// Keeps a transform's decoded blocks in memory, for a program that reads layers several times.
  /// Otherwise only those of a layer or two are kept.
  public func keepDecodedBlocks() { for decoder in blockDecoders { decoder?.keepAll() } }

  /// The transform that coded the last snapshot; nil if none did.
  ///
  /// - Throws: As `checkDecodable`.
  public func lastTransform() throws -> TransformFile? { try blockDecoders.last??.transform() }

  /// Decodes all blocks of all snapshots.
  ///
  /// - Throws: As `checkDecodable`; `MalformedFile` that names the block.
  public func verifyBlocks() throws { for decoder in blockDecoders { try decoder?.verify() } }

  /// Whether every pair of every position is stored.
  public var isWhole: Bool { snapshots.allSatisfy(\.metadata.tiers.isWhole) }

  /// The least compression that every snapshot holds.
  public var leastCompression: Int {
    snapshots.reduce(1) { max($0, $1.metadata.tiers.ratios.last ?? 1) }
  }

  /// Whether a head was asked to stay whole at every compression, as far as its snapshots tell. A
  /// short snapshot stays whole for its sinks and window alone, which proves nothing.
  package func isKeptWhole(layer: Int, head: Int) -> Bool {
    let tables = snapshots.map(\.metadata.tiers)
    return tables.allSatisfy { $0.floor(layer: layer, head: head) == $0.tokens }
      && tables.contains { $0.tokens > $0.sinks + $0.window }
  }

  /// How many first positions of the root rank before all others.
  public var sinks: Int { snapshots[0].metadata.tiers.sinks }

  /// How many last positions of the chain rank next.
  public var window: Int { last.metadata.tiers.window }

  /// Rejects a compression that a snapshot does not hold. Then all chunks are read first, so that a
  /// damaged file is reported as damaged.
  ///
  /// - Parameter compression: The compression, or nil for the whole cache.
  /// - Throws: `CompressionNotStored` that names the snapshot; `MalformedFile`; `SystemError`.
  public func checkStored(compression: Int?) throws {
    do throws(CompressionNotStored) {
      _ = try tiersNeeded(compression: compression)
    } catch {
      try verifyChunks()
      throw error
    }
  }

  /// Reads and checks all chunks of all snapshots, the last snapshot first.
  ///
  /// - Throws: `MalformedFile`; `SystemError`.
  public func verifyChunks() throws {
    for snapshot in snapshots.reversed() { try snapshot.verifyChunks() }
  }
}

extension SnapshotReader {
  /// The end of a malformed file's problem if its parent has another digest.
  package static let replacedParent = ": the parent was altered or replaced"

  /// Opens this snapshot's parent, which is looked for in the same folder, also on a server.
  ///
  /// - Parameter othersAreNamed: Whether other files were named. None of them has the digest.
  fileprivate func parent(
    _ reference: ParentReference, _ keys: KeyRing, othersAreNamed: Bool
  ) throws -> SnapshotReader {
    let missing = ParentMissing(path: path, parent: reference, othersAreNamed: othersAreNamed)
    guard let place = Folder.companion(of: location, named: reference.fileName) else {
      throw missing
    }
    let parent: SnapshotReader
    do {
      parent = try SnapshotReader(path: place, keys: keys)
    } catch let error as SystemError where error.isMissingInput || error.isNoRegularFile {
      throw missing
    } catch let error as RemoteFileError where error.isMissing {
      throw missing
    }
    let digest = try parent.digest
    guard digest == reference.digest else {
      throw error(
        "PRNT",
        "it continues \(reference.fileName) of digest \(reference.digest.shortened), "
          + "but \(parent.path) has the digest \(digest.shortened)"
          + (othersAreNamed ? ", and no named file has that digest" : "")
          + Self.replacedParent)
    }
    return parent
  }

  /// Rejects a parent that this snapshot cannot continue. Its model is checked elsewhere.
  fileprivate func checkRules(_ parent: SnapshotReader) throws(MalformedFile) {
    let (first, old) = (metadata.tiers.positions.lowerBound, parent.metadata)
    let advice = "make this snapshot again"
    guard metadata.context.goesOn(from: old.context) else {
      throw error(
        metadata.context.shapes == old.context.shapes ? "CONT" : "SHAP",
        "its shape, type or prompt form cannot continue \(parent.path); \(advice)")
    }
    guard first <= old.context.tokens else {
      throw error(
        "PRNT",
        "its first position is \(first), and \(parent.path) has \(old.context.tokens) tokens; "
          + advice)
    }
    guard metadata.identity.isTrusted || !old.identity.isTrusted else {
      throw error(
        "IDEN", "\(parent.path) is trusted without proof, and so its children are; \(advice)")
    }
    guard metadata.tokens.prefix(first) == old.tokens.prefix(first) else {
      throw error("TOKN", "its first \(first) tokens are not those of \(parent.path); \(advice)")
    }
  }

  private func error(_ section: String, _ problem: String) -> MalformedFile {
    MalformedFile(path: path, section: section, problem: problem)
  }
}
