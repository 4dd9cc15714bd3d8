import CacheCodec
import CacheFormat
import QFilters

/// Maps blocks of the old chain to blocks of the new snapshot.
struct RecompressPlan {
  let metadata: SnapshotMetadata
  let codecs: [TierCodecs]
  /// Where a transform's blocks come from, if one codes the new snapshot.
  let blocks: NewBlocks?
  let chain: SnapshotChain
  /// How pairs rank anew; nil if they keep their ranking.
  private let ranked: CacheRanking?
  /// Whether Q-Filters ranked anew, as they were published.
  let usesPublishedScore: Bool

  init(_ chain: SnapshotChain, _ options: Recompress.Options) throws {
    self.chain = chain
    try Self.checkUniform(chain)
    var metadata = chain.metadata
    metadata.parent = nil
    var stored: StoredRanking?
    if let source = options.scorer {
      try source.check(
        identity: metadata.identity, of: chain.path, cache: FilterShape(of: metadata.context))
      stored = try StoredRanking(chain, by: source)
      // A pair that is not in the file cannot be ranked.
      _ = try chain.tiersNeeded(compression: nil)
      metadata.filterDigest = source.origin.filters
    } else {
      try Self.checkRanking(chain)
      guard chain.metadata.tiers.isRanked else { throw RankingNeeded(path: chain.path) }
    }
    if chain.snapshots.count > 1 || options.scorer != nil {
      metadata.provenance = try Self.provenance(chain, options.scorer, stored?.ranker.rules)
    }
    let compression = try options.compression ?? Self.storedCompression(chain)
    if stored == nil { _ = try chain.tiersNeeded(compression: compression) }
    ranked = try stored?.ranked()
    usesPublishedScore =
      options.scorer?.origin.scorer == .qFilters && stored?.ranker.usesPublishedScore ?? false
    metadata.tiers = try Self.tiers(
      chain, ranked: ranked, by: options.scorer?.origin.scorer,
      stored?.ranker.ranking ?? Ranking(sinks: chain.sinks, window: chain.window),
      compression: compression)
    self.metadata = metadata
    blocks = try Self.blocks(chain, compression: compression, options)
    codecs =
      blocks == nil
      ? try Self.codecs(chain, metadata.tiers, options.precision)
      : metadata.tiers.ratios.map { _ in TierCodecs(keys: .transform, values: .transform) }
  }

  /// Rejects what only other engines' snapshots have, and what cannot be written anew.
  private static func checkUniform(_ chain: SnapshotChain) throws(SnapshotNotUniform) {
    let contexts = chain.snapshots.map(\.metadata.context)
    guard contexts[0].shapes == nil else {
      throw SnapshotNotUniform(path: chain.path, what: "layers of different shapes")
    }
    guard contexts.allSatisfy({ $0.scales == contexts[0].scales }) else {
      throw SnapshotNotUniform(path: chain.path, what: "snapshots with different scales of FP8")
    }
  }

  /// Rejects a chain with several rankings: a snapshot names one scorer and one bank.
  private static func checkRanking(_ chain: SnapshotChain) throws(RankingsDiffer) {
    let ranking = RankingOrigin(of: chain.metadata)
    for link in chain.snapshots.reversed() {
      let other = RankingOrigin(of: link.metadata)
      guard other == ranking else {
        throw RankingsDiffer(
          path: chain.path, ranking: "\(ranking)", parent: link.path, parentRanking: "\(other)")
      }
    }
  }

  /// The compression at which all snapshots of the chain are stored. With another one, pairs of a
  /// snapshot would be left out, or ×N would promise more than is stored.
  private static func storedCompression(_ chain: SnapshotChain) throws(CompressionsDiffer) -> Int {
    let least = chain.leastCompression
    for link in chain.snapshots {
      let own = link.metadata.tiers.ratios.last ?? 1
      guard own == least else {
        throw CompressionsDiffer(
          path: chain.path, compression: least, other: link.path, otherCompression: own)
      }
    }
    return least
  }

  private static func provenance(
    _ chain: SnapshotChain, _ source: ScorerSource?, _ rules: [String: String]?
  ) throws -> String {
    let past = chain.snapshots.map { Provenance.Past($0.metadata.provenance) }
    let rankings = Set(past.map(\.ranking))
    return try Provenance.json(
      model: past.last?.model ?? "", origin: source?.origin ?? RankingOrigin(of: chain.metadata),
      ranking: rules
        ?? (rankings.count == 1 ? past[0].ranking : ["score": "each turn its own"]),
      attendedTo: past.flatMap { $0.attendedTo ?? [] })
  }

  /// The new codecs of every tier.
  ///
  /// A single snapshot never gets more bits than it has. Several snapshots are decoded, because
  /// codes are grouped by tier and snapshot, and stay lossless unless a precision is asked for.
  private static func codecs(
    _ chain: SnapshotChain, _ tiers: TierTable, _ precision: Precision?
  ) throws -> [TierCodecs] {
    let context = chain.metadata.context
    return try tiers.ratios.map { compression in
      func codec(_ tensor: ChunkTable.Tensor) throws -> ElementCodec {
        let element = context.codec(of: tensor)
        let wanted = precision?.codec(of: tensor, compression: compression)
        if let wanted, wanted != element, wanted.isLossless || element.isForeign {
          throw PrecisionNotStored(
            path: chain.path, requested: wanted.name, stored: element.name)
        }
        let codec = wanted ?? element
        guard chain.snapshots.count == 1 else { return codec }
        let isRanked = chain.metadata.tiers.isRanked
        let tier = isRanked ? try chain.last.tiersNeeded(compression: compression) - 1 : 0
        let stored = chain.last.codec(of: tensor, tier: tier)
        guard stored.bits < codec.bits else { return codec }
        guard wanted == nil else {
          throw PrecisionNotStored(path: chain.path, requested: codec.name, stored: stored.name)
        }
        return stored
      }
      return TierCodecs(keys: try codec(.keys), values: try codec(.values))
    }
  }
}

extension ElementCodec {
  /// The bits of a code; for lossless codecs more than any code has.
  fileprivate var bits: Int {
    switch self {
    case .int4: 4
    case .int8: 8
    default: 32
    }
  }
}

extension RecompressPlan {
  /// The old tier that holds exactly what a new tier is to hold in a layer, or nil.
  func source(of tier: Int, layer: Int) -> (reader: SnapshotReader, tier: Int)? {
    let (reader, new) = (chain.last, metadata.tiers)
    let old = reader.metadata.tiers
    guard chain.snapshots.count == 1, ranked == nil,
      let source = old.ratios.firstIndex(of: new.ratios[tier]),
      old.isByPosition(tier: source) == new.isByPosition(tier: tier),
      codecs[tier]
        == TierCodecs(
          keys: reader.codec(of: .keys, tier: source),
          values: reader.codec(of: .values, tier: source))
    else { return nil }
    let isSame = (0..<new.kvHeads).allSatisfy { head in
      old.ranks(of: source, layer: layer, head: head)
        == new.ranks(of: tier, layer: layer, head: head)
    }
    return isSame ? (reader, source) : nil
  }

  /// Checks the positions of all tiers whose blocks may be copied. A block alone does not show that
  /// another tier has one of its positions, too.
  func checkPositions() throws {
    guard chain.snapshots.count == 1, ranked == nil else { return }
    for layer in 0..<metadata.context.layers {
      _ = try chain.readPositions(layer: layer, compression: metadata.tiers.ratios.last)
    }
  }

  /// Reads a layer, and chooses a tier's pairs.
  func block(tier: Int, layer: Int) throws -> PairBlock {
    var block = PairBlock(positions: [], keys: [], values: [])
    guard blocks == nil else {
      let stored = try chain.readStoredRanking(layer: layer)
      block.positions = stored.enumerated().flatMap { head, ranking in
        chosen(ranking, tier: tier, layer: layer, head: head)
      }
      return block
    }
    for (head, stored) in try pairs(for: tier, layer: layer).heads.enumerated() {
      append(
        chosen(stored.ranking, tier: tier, layer: layer, head: head), of: stored, to: &block)
    }
    return block
  }

  /// The pairs to choose a tier's from: those of its compression if they suffice, otherwise all
  /// that are stored. In a chain of several snapshots they may not suffice, because each keeps a
  /// share of its own.
  private func pairs(for tier: Int, layer: Int) throws -> LayerPairs {
    let (old, new) = (chain.last.metadata.tiers, metadata.tiers)
    let compression = new.ratios[tier]
    let isEnough = (0..<new.kvHeads).allSatisfy { head in
      let kept = old.kept(compression: compression, layer: layer, head: head) ?? 0
      return kept >= new.total(through: tier, layer: layer, head: head)
    }
    guard chain.snapshots.count == 1, ranked == nil, isEnough else {
      return try chain.readStoredLayer(layer)
    }
    return try chain.readLayer(layer, compression: compression)
  }

  /// A head's positions in a tier, in the tier's order.
  ///
  /// - Parameter ranking: The stored one, which a new one replaces.
  private func chosen(
    _ ranking: [UInt32], tier: Int, layer: Int, head: Int
  ) -> ArraySlice<UInt32> {
    let tiers = metadata.tiers
    let order = ranked?.orders[layer * tiers.kvHeads + head] ?? ranking
    return tiers.pairs(of: order, tier: tier, layer: layer, head: head)
  }

  private func append(
    _ positions: ArraySlice<UInt32>, of head: LayerPairs.Head, to block: inout PairBlock
  ) {
    let context = metadata.context
    let keyBytes = context.rowBytes(of: .keys, layer: 0)
    let valueBytes = context.rowBytes(of: .values, layer: 0)
    let slots = Dictionary(
      uniqueKeysWithValues: head.positions.enumerated().map { ($0.element, $0.offset) })
    for position in positions {
      guard let slot = slots[position] else { continue }
      block.positions.append(position)
      block.keys += head.keys[slot * keyBytes..<(slot + 1) * keyBytes]
      block.values += head.values[slot * valueBytes..<(slot + 1) * valueBytes]
    }
  }
}
