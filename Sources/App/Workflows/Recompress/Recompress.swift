import ByteIO
public import CacheCodec
import CacheFormat

/// A snapshot made smaller, or ranked anew, or one of it and those that it goes on from, without its model.
public enum Recompress {
  /// What to change.
  public struct Options: Sendable {
    /// Only what ×compression keeps; nil for all that is stored.
    public var compression: Int?
    /// How tiers are stored; nil as they are, or of a chain of several links bit for bit.
    public var precision: Precision?
    /// What ranks the pairs; nil as they are ranked, which must then be one way in all links.
    public var method: ScorerSource?

    /// Changes nothing.
    public init() {}
  }

  /// Refuses, before the work, to replace a snapshot that this one continues.
  ///
  /// - Throws: `SaveRefusal`; as `SnapshotChain`.
  public static func checkOut(_ out: String, snapshot: String, parents: [String]) throws {
    try checkOut(out, SnapshotChain(path: snapshot, parents: parents))
  }

  private static func checkOut(_ out: String, _ chain: SnapshotChain) throws(SaveRefusal) {
    if let link = chain.links.dropLast().first(where: { Folder.isOneFile(out, $0.path) }) {
      throw SaveRefusal.outReplacesLink(path: out, link: link.path, snapshot: chain.path)
    }
  }

  /// Writes the new snapshot, which goes on from none. One layer is in memory at a time; a block that stays as
  /// it is is copied.
  ///
  /// - Parameter parents: Snapshots that it may go on from, beside those in its folder.
  /// - Returns: The file's size in bytes.
  /// - Throws: `CompressionNotStored` if the snapshot has fewer pairs than are asked for, which for another
  ///   ranking are all; `PrecisionNotStored`; `QueriesNotStored`; `RankingsDiffer`; `RatiosDiffer`; `SaveRefusal` if a link would be
  ///   replaced that the snapshot goes on from; `IdentityMismatch`; `MalformedFile`; `SystemError`; as
  ///   `SnapshotChain`.
  public static func run(
    snapshot: String, parents: [String], options: Options, out: String, progress: Progress
  ) throws -> UInt64 {
    let chain = try SnapshotChain(path: snapshot, parents: parents)
    try checkOut(out, chain)
    let plan = try plan(chain, options)
    try plan.checkPositions()
    var writer = try SnapshotWriter(path: out, metadata: plan.metadata, codecs: plan.codecs)
    let tiers = plan.metadata.tiers
    for tier in 0..<tiers.tierCount {
      for layer in 0..<tiers.layers {
        if let source = plan.source(of: tier, layer: layer) {
          try writer.appendStored(tier: source.tier, layer: layer, of: source.reader)
        } else {
          try writer.append([plan.block(tier: tier, layer: layer)])
        }
        progress("write", tier * tiers.layers + layer + 1, tiers.tierCount * tiers.layers)
      }
    }
    return try writer.finish()
  }

  /// Says of a damaged chain that it is, whatever else it cannot do. Source: spec/conformance.md, order of checks.
  private static func plan(_ chain: SnapshotChain, _ options: Options) throws -> RecompressPlan {
    do {
      return try RecompressPlan(chain, options)
    } catch let error as IdentityMismatch {
      throw error
    } catch {
      try chain.verifyChunks()
      throw error
    }
  }
}

/// A ranking was asked for that needs queries, which a snapshot does not hold.
public struct QueriesNotStored: Error, CustomStringConvertible, Sendable {
  /// The method's name.
  public let method: String

  /// One sentence that says what is wrong.
  public var description: String {
    "\(method) ranks by the context's queries, which a snapshot does not hold"
  }
}

/// A chain is to become one snapshot, which names one ranking, and its links have several.
public struct RankingsDiffer: Error, CustomStringConvertible, Sendable {
  /// The last link.
  public let path: String
  /// What ranked it.
  public let ranking: String
  /// A link that was ranked otherwise.
  public let parent: String
  /// What ranked that.
  public let parentRanking: String

  /// One sentence that says what is wrong.
  public var description: String {
    "\(path) is ranked by \(ranking), but \(parent), which it continues, by \(parentRanking)"
  }
}

/// The links of a chain hold different compressions, and no compression was asked for.
public struct RatiosDiffer: Error, CustomStringConvertible, Sendable {
  /// The last link.
  public let path: String
  /// The greatest compression that is the least of a link.
  public let most: Int
  /// A link that holds less.
  public let link: String
  /// What it holds.
  public let least: Int

  /// One sentence that says what is wrong.
  public var description: String {
    "\(path): the snapshots of this chain are stored at different compressions: ×\(most), but "
      + "×\(least) in \(link)"
  }
}
