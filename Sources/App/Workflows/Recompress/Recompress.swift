package import ByteIO
package import CacheCodec
import CacheFormat

/// Makes a snapshot smaller, ranks it anew, or merges a chain into one snapshot. The model is not
/// needed.
package enum Recompress {
  /// What to change.
  package struct Options: Sendable {
    /// Only the pairs that ×N keeps; nil for all that are stored.
    package var compression: Int?
    /// How tiers are stored; nil for as they are. A chain of several snapshots is then stored bit
    /// for bit.
    package var precision: Precision?
    /// What codes all pairs, if `precision` says so; nil for what coded the snapshot.
    package var transform: TransformChoice?
    /// What ranks the pairs; nil for as they are ranked, which must be equal in all snapshots of
    /// the chain.
    package var scorer: ScorerSource?

    /// Changes nothing.
    package init() {}
  }

  /// What was written.
  package struct Result: Sendable {
    /// The file's size.
    package let bytes: UInt64
    /// Whether Q-Filters ranked the pairs anew, as they were published: the bank does not hold what
    /// `prefill` ranks by.
    package let usesPublishedScore: Bool
    /// Where the transform is that coded it anew, and how well it fits the text; nil if none did.
    package let coded: (transform: String, fit: TransformFit)?
    /// Whether blocks stayed as they were, though a transform was asked for: coding them anew would
    /// only lose more.
    package let keepsBlocks: Bool
  }

  /// Rejects, before the work, a path at which a parent of the snapshot is.
  ///
  /// - Throws: `SaveRefusal`; as `SnapshotChain`.
  package static func checkOut(_ out: String, snapshot: String, with companions: Companions) throws
  {
    try checkOut(out, SnapshotChain(path: snapshot, with: companions))
  }

  private static func checkOut(_ out: String, _ chain: SnapshotChain) throws(SaveRefusal) {
    if let replaced = chain.snapshots.dropLast().first(where: { Folder.isOneFile(out, $0.path) }) {
      throw SaveRefusal.outReplacesSnapshot(
        path: out, replaced: replaced.path, snapshot: chain.path)
    }
  }

  /// Writes the new snapshot, which has no parent. One layer is in memory at a time. A block that
  /// does not change is copied.
  ///
  /// - Parameter companions: Files in other folders that it needs.
  /// - Throws: `CompressionNotStored` if the snapshot has fewer pairs than are needed; another
  ///   ranking needs all. `PrecisionNotStored`, `QueriesNotStored`, `RankingsDiffer`,
  ///   `CompressionsDiffer`; `SaveRefusal` if a parent would be replaced; `IdentityMismatch`,
  ///   `MalformedFile`, `SystemError`; as `SnapshotChain`.
  package static func run(
    snapshot: String, with companions: Companions, options: Options, out: String,
    progress: Progress
  ) throws -> Result {
    let chain = try SnapshotChain(path: snapshot, with: companions)
    try checkOut(out, chain)
    // Each tier reads all layers.
    chain.keepDecodedBlocks()
    let plan = try plan(chain, options)
    try chain.checkDecodable(compression: nil)
    try plan.checkPositions()
    var writer = try SnapshotWriter(
      path: out, metadata: plan.metadata, codecs: plan.codecs, layout: plan.blocks?.layout,
      secrets: companions.keys.forNewFiles)
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
    try plan.appendBlocks(to: &writer, progress: progress)
    var coded: (transform: String, fit: TransformFit)?
    if case .coded(_, let transform) = plan.blocks { coded = (transform.path, writer.fit) }
    return Result(
      bytes: try writer.finish(), usesPublishedScore: plan.usesPublishedScore, coded: coded,
      keepsBlocks: options.precision?.transform != nil && coded == nil)
  }

  /// Damage comes before other errors (spec/conformance.md, order of checks).
  private static func plan(_ chain: SnapshotChain, _ options: Options) throws -> RecompressPlan {
    do {
      return try RecompressPlan(chain, options)
    } catch let error as IdentityMismatch {
      throw error
    } catch {
      try chain.verifyChunks()
      if error is PrecisionNeeded {
        try chain.checkDecodable(compression: nil)
        try chain.verifyBlocks()
      }
      throw error
    }
  }
}

/// A snapshot is not ranked, and no ranking was asked for.
package struct RankingNeeded: CategorisedError, Sendable {
  /// The snapshot.
  let path: String

  /// Another request can be met.
  package var category: FailureCategory { .usage }

  /// One sentence that says what is wrong.
  package var description: String { "\(path) is not ranked" }
}

/// A snapshot of another engine has what this project's programs do not write.
package struct SnapshotNotUniform: CategorisedError, Sendable {
  /// The snapshot.
  let path: String
  /// What it has.
  let what: String

  /// No other category fits.
  package var category: FailureCategory { .other }

  /// One sentence that says what is wrong.
  package var description: String { "\(path) has \(what), which cannot be written anew here" }
}

/// The ranking needs queries, which \(holder) does not hold.
package struct QueriesNotStored: CategorisedError, Sendable {
  /// The method's name.
  package let method: String
  /// What holds the context.
  var holder = "a snapshot"

  /// Another request can be met.
  package var category: FailureCategory { .usage }

  /// One sentence that says what is wrong.
  package var description: String {
    method == ScorerID.kvzip.name
      ? "\(method) ranks by a second pass over the context, which needs the model"
      : "\(method) ranks by the context's queries, which \(holder) does not hold"
  }
}

/// The snapshots of a chain have different rankings, and one snapshot names one ranking.
package struct RankingsDiffer: CategorisedError, Sendable {
  /// The last snapshot.
  let path: String
  /// What ranked it.
  let ranking: String
  /// A snapshot with another ranking.
  let parent: String
  /// What ranked that one.
  let parentRanking: String

  /// Another request can be met.
  package var category: FailureCategory { .usage }

  /// One sentence that says what is wrong.
  package var description: String {
    "\(path) is ranked by \(ranking), but \(parent), which it continues, by \(parentRanking)"
  }
}

/// The snapshots of a chain are stored at different compressions, and no compression was asked for.
package struct CompressionsDiffer: CategorisedError, Sendable {
  /// The last snapshot.
  let path: String
  /// The greatest compression of the whole chain's stored pairs.
  package let compression: Int
  /// A snapshot that is stored at a lower compression.
  package let other: String
  /// Its compression.
  let otherCompression: Int

  /// Another request can be met.
  package var category: FailureCategory { .usage }

  /// One sentence that says what is wrong.
  package var description: String {
    "the snapshots of the chain \(path) are stored at different compressions: ×\(compression), but "
      + "×\(otherCompression) in \(other)"
  }
}
