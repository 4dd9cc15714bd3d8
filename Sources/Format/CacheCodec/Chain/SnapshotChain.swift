import ByteIO
public import CacheFormat

/// A snapshot and all those that it goes on from (spec, section 5.7): together they hold one cache. A
/// snapshot that stands alone is a chain of one link.
public struct SnapshotChain: Sendable {
  /// The snapshots, the root first, each the parent of the next one.
  public let links: [SnapshotReader]
  /// The position before which each link's pairs count; those behind it were let go by a later link.
  private let ends: [Int]

  /// The greatest number of links.
  public static let maximumLinks = 1024
  /// So many open files any process may have.
  private static let manyLinks = 256

  /// Opens a snapshot and those that it continues, and checks that they belong together, in the order
  /// of spec/conformance.md: that all are there, then the rules of the chain, then the identity.
  ///
  /// - Parameters:
  ///   - path: The last link.
  ///   - parents: Snapshots that it may go on from; one of them that has the digest is taken before what
  ///     lies in the child's folder.
  /// - Throws: `ParentMissing`; `IdentityMismatch` if links are of different models; `MalformedFile` if a
  ///   link's bytes break a rule of the format, or links do not belong together; `SystemError`.
  public init(path: String, parents: [String] = []) throws {
    var links = [try SnapshotReader(path: path)]
    var named: [Digest: SnapshotReader] = [:]
    for path in parents {
      let reader = try SnapshotReader(path: path)
      named[try reader.digest] = reader
    }
    while let child = links.last, let reference = child.metadata.parent {
      guard links.count < Self.maximumLinks else {
        throw MalformedFile(
          path: path, section: "PRNT",
          problem: "it goes on from more than \(Self.maximumLinks - 1) snapshots; "
            + "make one snapshot of its parent with recompress, and save it again behind that")
      }
      if links.count == Self.manyLinks { OpenFiles.allowMany() }
      links.append(
        try named[reference.digest] ?? child.parent(reference, othersAreNamed: !named.isEmpty))
    }
    for (child, parent) in zip(links, links.dropFirst()) { try child.checkRules(parent) }
    for (child, parent) in zip(links, links.dropFirst()) {
      try child.metadata.identity.check(
        against: parent.metadata.identity, path: "\(child.path), which continues \(parent.path)")
    }
    self.init(links: links.reversed())
  }

  /// A snapshot's own pairs alone, without those of what it goes on from.
  public init(alone reader: SnapshotReader) { self.init(links: [reader]) }

  private init(links: [SnapshotReader]) {
    self.links = links
    var end = Int.max
    ends = links.reversed().map { link in
      defer { end = min(end, link.metadata.tiers.positions.lowerBound) }
      return min(end, link.metadata.context.tokens)
    }.reversed()
  }
}

extension SnapshotChain {
  /// The snapshot that was opened.
  public var last: SnapshotReader { links[links.count - 1] }

  /// Where that is.
  public var path: String { last.path }

  /// All of it but its pairs; context and tokens are those of the whole chain.
  public var metadata: SnapshotMetadata { last.metadata }

  /// The first position behind those whose pairs count in a link.
  public func end(ofLink link: Int) -> Int { ends[link] }

  /// How many bytes of all links have been read so far.
  public var bytesRead: UInt64 { links.reduce(0) { $0 + $1.bytesRead } }

  /// Whether every pair of every position is there.
  public var isWhole: Bool { links.allSatisfy(\.metadata.tiers.isWhole) }

  /// The least compression that every link holds.
  public var leastRatio: Int {
    links.reduce(1) { max($0, $1.metadata.tiers.ratios.last ?? 1) }
  }

  /// Whether a head was asked to stay whole at every compression, as far as its links tell. A short link stays
  /// whole for its sinks and window alone, which says nothing of the whole.
  public func isKeptWhole(layer: Int, head: Int) -> Bool {
    let tables = links.map(\.metadata.tiers)
    return tables.allSatisfy { $0.floor(layer: layer, head: head) == $0.tokens }
      && tables.contains { $0.tokens > $0.sinks + $0.window }
  }

  /// How many first positions of the root rank before all others.
  public var sinks: Int { links[0].metadata.tiers.sinks }

  /// How many last positions of the whole rank next.
  public var window: Int { last.metadata.tiers.window }

  /// Refuses a compression that some link does not hold. What is damaged is called so, and not unfit for the
  /// compression: only then are all chunks read.
  ///
  /// - Parameter compression: The compression, or nil for the whole cache.
  /// - Throws: `CompressionNotStored` that names the link; `MalformedFile`; `SystemError`.
  public func checkStored(compression: Int?) throws {
    do throws(CompressionNotStored) {
      _ = try tiersNeeded(compression: compression)
    } catch {
      try verifyChunks()
      throw error
    }
  }

  /// Reads all chunks of all snapshots: what is damaged is to be called so, and not unfit for what was asked.
  ///
  /// - Throws: `MalformedFile`; `SystemError`.
  public func verifyChunks() throws { for link in links.reversed() { try link.verifyChunks() } }
}

extension SnapshotReader {
  /// How the problem of a malformed file ends whose parent has another digest.
  package static let replacedParent = ": the parent was altered or replaced"

  /// Opens what this snapshot continues, from its folder.
  ///
  /// - Parameter othersAreNamed: Whether other files were named, none of which has the digest.
  fileprivate func parent(
    _ reference: ParentReference, othersAreNamed: Bool
  ) throws -> SnapshotReader {
    let parent: SnapshotReader
    do {
      parent = try SnapshotReader(path: Folder.sibling(of: path, named: reference.fileName))
    } catch let error as SystemError where error.isMissingInput || error.isNoRegularFile {
      throw ParentMissing(path: path, parent: reference, othersAreNamed: othersAreNamed)
    }
    let digest = try parent.digest
    guard digest == reference.digest else {
      throw error(
        "PRNT",
        "it continues \(reference.fileName) of digest \(reference.digest.description.prefix(16))…, "
          + "but \(parent.path) has the digest \(digest.description.prefix(16))…"
          + (othersAreNamed ? ", and none of the files named has that digest" : "")
          + Self.replacedParent)
    }
    return parent
  }

  /// Refuses a parent that this snapshot cannot go on from, whatever its model.
  fileprivate func checkRules(_ parent: SnapshotReader) throws(MalformedFile) {
    let (first, old) = (metadata.tiers.positions.lowerBound, parent.metadata)
    let advice = "make this snapshot again"
    guard metadata.context.goesOn(from: old.context) else {
      throw error(
        "CONT", "another shape, type or prompt form than goes on from \(parent.path); \(advice)")
    }
    guard first <= old.context.tokens else {
      throw error(
        "PRNT",
        "a first position of \(first), and \(parent.path) has \(old.context.tokens) tokens; \(advice)"
      )
    }
    guard metadata.tokens.prefix(first) == old.tokens.prefix(first) else {
      throw error("TOKN", "its first \(first) tokens are not those of \(parent.path); \(advice)")
    }
  }

  private func error(_ section: String, _ problem: String) -> MalformedFile {
    MalformedFile(path: path, section: section, problem: problem)
  }
}
