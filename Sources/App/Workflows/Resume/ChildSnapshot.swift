import ByteIO
package import CacheCodec
import CacheFormat
import Inference
import ModelFiles
package import QFilters
import Transforms

extension Resume {
  /// Where and how to write what a prompt and its answer add, as a child of the snapshot.
  package struct Save: Sendable {
    /// Where the child is to appear.
    package var path: String
    /// The model's Q-Filters that rank the new pairs, and the file they came from. Without them the
    /// new pairs are ranked as the snapshot's pairs are.
    package var filters: (bank: FilterBank, path: String)?

    /// Writes to `path`.
    package init(path: String, filters: (bank: FilterBank, path: String)? = nil) {
      self.path = path
      self.filters = filters
    }
  }

  /// Rejects, before a model is opened, a path at which no child of the snapshot can be.
  ///
  /// - Throws: `SaveRefusal`; as `SnapshotChain`.
  package static func checkSave(_ path: String, snapshot: String, with companions: Companions)
    throws
  {
    try ChildSnapshot.check(path, after: SnapshotChain(path: snapshot, with: companions))
  }

  /// What was written.
  package struct Saved: Sendable {
    /// The child's size.
    package let bytes: UInt64
    /// Seconds for ranking, compressing and writing.
    package let seconds: Double
  }
}

/// A snapshot of what a resumed context gained: the pairs after those that were read.
struct ChildSnapshot {
  private let path: String
  private let chain: SnapshotChain
  private let model: LoadedModel
  private let source: ScorerSource
  private let mode: ResumeMode
  private let secrets: [Secret]
  private let identity: SnapshotIdentity

  /// Checks, before the long work, everything that could prevent the write.
  ///
  /// - Parameters:
  ///   - mode: The pairs that the turn continues.
  ///   - proof: What proved that the chain is the model's.
  ///   - secrets: Whose keys open the child; none for one that is not encrypted.
  /// - Throws: `SaveRefusal`; `IdentityMismatch` if the filters are another model's, or not those
  ///   that ranked the snapshot; `MalformedFile` if they do not fit their model; `SystemError` if
  ///   no file can be made at the path.
  init(
    _ save: Resume.Save, of chain: SnapshotChain, mode: ResumeMode, model: LoadedModel,
    proof: SnapshotIdentity.Proof, secrets: [Secret]
  ) throws {
    let path = save.path
    try Self.check(path, after: chain)
    let source = try Self.source(save, chain.last, model)
    guard !source.origin.scorer.needsQueries else {
      throw SaveRefusal.needsFilters(path: chain.path, scorer: source.origin.scorer.name)
    }
    try AtomicFile.checkWritable(path)
    (self.path, self.chain, self.model) = (path, chain, model)
    (self.source, self.mode, self.secrets) = (source, mode, secrets)
    identity = model.identity(ofChildOf: chain.metadata.identity, proof)
  }

  /// Rejects a path at which no child of the chain can be.
  static func check(_ path: String, after chain: SnapshotChain) throws(SaveRefusal) {
    if let link = chain.snapshots.first(where: { Folder.isOneFile(path, $0.path) }) {
      throw .replacesSnapshot(path: path, replaced: link.path)
    }
    guard Folder.name(of: path) != Folder.name(of: chain.path) else {
      throw .namedAsParent(path: path)
    }
    let context = chain.metadata.context
    guard context.held == context else {
      throw .foreignType(path: chain.path, type: context.keyCodec.name)
    }
    guard chain.snapshots.count < SnapshotChain.maximumSnapshots else {
      throw .chainTooLong(path: chain.path, snapshots: chain.snapshots.count)
    }
  }

  private static func source(
    _ save: Resume.Save, _ parent: SnapshotReader, _ model: LoadedModel
  ) throws -> ScorerSource {
    let scorer = parent.metadata.tiers.scorer
    let bank = save.filters.map { ($0.bank, path: $0.path) }
    let wanted: ScorerID = bank == nil || scorer == .linear ? scorer : .qFilters
    guard let source = ScorerSource(wanted, bank: bank, seed: 0) else {
      throw SaveRefusal.needsFilters(path: parent.path, scorer: scorer.name)
    }
    try source.check(model)
    if let bank, scorer.needsFilterBank, bank.0.digest != parent.metadata.filterDigest {
      throw IdentityMismatch(path: bank.path, differing: [.filterBank])
    }
    return source
  }

  /// Writes the cache's pairs from position `start` on.
  ///
  /// - Parameter tokens: The tokens from `start` on. If the last one's pair is missing, the token
  ///   is left out.
  /// - Throws: `NotQuantisable`, `SystemError`, `EngineError`.
  func write(_ cache: KVCache, from start: Int, tokens: [Int]) throws -> Resume.Saved {
    let clock = Stopwatch()
    let new = tokens.prefix(cache.nextPosition - start)
    var retention = RetentionPolicy()
    (retention.sinks, retention.window) = (start == 0 ? chain.sinks : 0, chain.window)
    let ranked = try RankedCache(
      cache, from: start, hook: source.queryHook(model, retention), retention: retention,
      model: model.engine.architecture)
    let metadata = try metadata(from: start, Array(new), retention, ranked.ranking)
    let coding = try coding(metadata.tiers)
    var writer = try SnapshotWriter(
      path: path, metadata: metadata, codecs: codecs(metadata.tiers), layout: coding?.layout,
      secrets: secrets)
    try ranked.write(to: &writer, tiers: metadata.tiers, coding: coding) { _, _, _ in }
    return Resume.Saved(bytes: try writer.finish(), seconds: clock.seconds)
  }

  private func metadata(
    from start: Int, _ new: [Int], _ retention: RetentionPolicy, _ pairs: CacheRanking
  ) throws -> SnapshotMetadata {
    let tokens = chain.metadata.tokens.prefix(start) + new.map(UInt32.init)
    var context = chain.metadata.context
    context.tokens = tokens.count
    context.promptForm = context.promptForm.next
    let ranking = retention.ranking(by: source.origin.scorer, slidingWindow: nil)
    let floors = (0..<context.layers * context.kvHeads).map { index in
      let (layer, head) = index.quotientAndRemainder(dividingBy: context.kvHeads)
      return chain.isKeptWhole(layer: layer, head: head)
        ? new.count : ranking.protected(of: new.count)
    }
    // If retokenising the boundary dropped all that was read, the new snapshot has no parent.
    let parent =
      start == 0
      ? nil
      : ParentReference(
        digest: try chain.last.digest, firstPosition: start, fileName: Folder.name(of: chain.path))
    return SnapshotMetadata(
      identity: identity, filterDigest: source.origin.filters, parent: parent,
      context: context,
      tiers: pairs.tiers(
        ranking, by: source.origin.scorer, layers: context.layers, kvHeads: context.kvHeads,
        firstPosition: start,
        floors: floors, compression: 1),
      tokens: Array(tokens),
      provenance: try Provenance.json(
        model: model.file.name, origin: source.origin,
        ranking: retention.rules(of: source),
        attendedTo: (Provenance.Past(chain.metadata.provenance).attendedTo ?? []) + [mode.name]))
  }

  /// The codecs of the parent's tier for each compression, or of its last tier if it does not store
  /// that one.
  private func codecs(_ tiers: TierTable) -> [TierCodecs] {
    let parent = chain.last
    let table = parent.metadata.tiers
    return tiers.ratios.map { compression in
      let tier = (table.tiersNeeded(compression: compression) ?? table.tierCount) - 1
      return TierCodecs(
        keys: parent.codec(of: .keys, tier: tier), values: parent.codec(of: .values, tier: tier))
    }
  }

  /// How the parent's transform codes the new pairs; nil if none coded the parent.
  private func coding(_ tiers: TierTable) throws -> TransformCoding? {
    guard let file = try chain.lastTransform(), let blocks = chain.last.blocks else { return nil }
    let groups = blocks.layout.groups.count
    return TransformCoding(
      file, name: blocks.layout.transform.fileName,
      step: blocks.step ?? PositionOffsets.step(file.transform.steps.high),
      positions: tiers.positions,
      offsets: PositionOffsets.equal(groups: groups, positions: tiers.tokens))
  }
}
