import ByteIO
public import CacheCodec
import CacheFormat
import FoundationEssentials
import QFilters

/// A snapshot made smaller, or ranked anew, without its model.
public enum Recompress {
  /// What to change.
  public struct Options: Sendable {
    /// Only what ×compression keeps; nil for all that is stored.
    public var compression: Int?
    /// How tiers are stored; nil as they are.
    public var precision: Precision?
    /// What ranks the pairs; nil as they are ranked.
    public var method: RankingMethod?

    /// Changes nothing.
    public init() {}
  }

  /// Writes the new snapshot. One layer is in memory at a time; a block that stays as it is is copied.
  ///
  /// - Returns: The file's size in bytes.
  /// - Throws: `CompressionNotStored` if the snapshot has fewer pairs than are asked for, which for another
  ///   ranking are all; `PrecisionNotStored`; `QueriesNotStored`; `IdentityMismatch`; `MalformedFile`; `SystemError`.
  public static func run(
    snapshot: String, options: Options, out: String, progress: Progress
  ) throws -> UInt64 {
    let reader = try SnapshotReader(path: snapshot)
    let plan = try Plan(reader, options)
    var writer = try SnapshotWriter(path: out, metadata: plan.metadata, codecs: plan.codecs)
    let tiers = plan.metadata.tiers
    for tier in 0..<tiers.tierCount {
      for layer in 0..<tiers.layers {
        if let source = plan.sourceTier(of: tier, layer: layer) {
          try writer.appendStored(tier: source, layer: layer, of: reader)
        } else {
          try writer.append([plan.block(tier: tier, layer: layer)])
        }
        progress("write", tier * tiers.layers + layer + 1, tiers.tierCount * tiers.layers)
      }
    }
    return try writer.finish()
  }
}

/// A ranking was asked for that needs queries, which a snapshot does not hold.
public struct QueriesNotStored: Error, CustomStringConvertible, Sendable {
  /// The method's name.
  public let method: String

  /// One sentence that says what is wrong and what to do.
  public var description: String {
    "\(method) ranks by the context's queries, which a snapshot does not hold; "
      + "prefill the text with --method \(method)"
  }
}

/// What becomes of which blocks.
private struct Plan {
  let reader: SnapshotReader
  let metadata: SnapshotMetadata
  let codecs: [TierCodecs]
  private let scorer: (any PairScorer)?
  private let ranking: Ranking

  init(_ reader: SnapshotReader, _ options: Recompress.Options) throws {
    self.reader = reader
    var metadata = reader.metadata
    let (old, context) = (metadata.tiers, metadata.context)
    let least = old.ratios[old.tierCount - 1]
    ranking = Ranking(sinks: old.sinks, window: old.window)
    scorer = options.method?.keyScorer
    if let method = options.method {
      try method.check(
        identity: metadata.identity,
        cache: FilterShape(
          layers: context.layers, kvHeads: context.kvHeads, headLength: context.keyLength))
      guard scorer != nil else { throw QueriesNotStored(method: method.origin.scorer.name) }
      // A pair that is not in the file cannot be ranked.
      _ = try reader.tiersNeeded(ratio: nil)
      metadata.filterDigest = method.origin.filters
      metadata.provenance = try Provenance.json(
        model: Self.model(metadata.provenance), origin: method.origin)
    }
    let heads = 0..<context.layers * context.kvHeads
    metadata.tiers = TierTable(
      scorer: scorer?.scorer ?? old.scorer, sinks: old.sinks, window: old.window,
      layers: context.layers, kvHeads: context.kvHeads, tokens: context.tokens,
      floors: heads.map { old.floor(layer: $0 / context.kvHeads, head: $0 % context.kvHeads) },
      compression: options.compression ?? least)
    self.metadata = metadata
    codecs = try Self.codecs(reader, metadata.tiers, options.precision)
    try Self.checkCounts(reader, metadata.tiers)
  }

  private static func model(_ provenance: String) -> String {
    struct Record: Decodable { let model: String }
    let record = try? JSONDecoder().decode(Record.self, from: Data(provenance.utf8))
    return record?.model ?? ""
  }

  /// Every tier's new codecs, none with more bits than the old one has.
  private static func codecs(
    _ reader: SnapshotReader, _ tiers: TierTable, _ precision: Precision?
  ) throws -> [TierCodecs] {
    let element = reader.metadata.context.keyCodec
    if let precision, precision.namesElement, precision.element != element {
      throw PrecisionNotStored(
        path: reader.path, requested: precision.element.name, stored: element.name)
    }
    return try tiers.ratios.map { ratio in
      let source = try reader.tiersNeeded(ratio: ratio) - 1
      func codec(_ tensor: ChunkTable.Tensor) throws -> ElementCodec {
        let stored = reader.codec(of: tensor, tier: source)
        let wanted = precision?.codec(of: tensor, ratio: ratio) ?? stored
        guard wanted.isLossless ? stored.isLossless : stored != .int4 || wanted == .int4 else {
          throw PrecisionNotStored(path: reader.path, requested: wanted.name, stored: stored.name)
        }
        return wanted
      }
      return TierCodecs(keys: try codec(.keys), values: try codec(.values))
    }
  }

  /// A file by another writer may hold fewer pairs than its ratios promise.
  private static func checkCounts(
    _ reader: SnapshotReader, _ tiers: TierTable
  ) throws(CompressionNotStored) {
    let old = reader.metadata.tiers
    for layer in 0..<tiers.layers {
      for head in 0..<tiers.kvHeads {
        let stored = old.total(through: old.tierCount - 1, layer: layer, head: head)
        guard tiers.total(through: tiers.tierCount - 1, layer: layer, head: head) <= stored else {
          throw CompressionNotStored(
            path: reader.path, requested: tiers.ratios.last, least: old.ratios[old.tierCount - 1])
        }
      }
    }
  }

  /// The old tier that holds exactly what a new one is to hold in a layer, or nil.
  func sourceTier(of tier: Int, layer: Int) -> Int? {
    let (old, new) = (reader.metadata.tiers, metadata.tiers)
    guard scorer == nil, let source = old.ratios.firstIndex(of: new.ratios[tier]),
      old.isByPosition(tier: source) == new.isByPosition(tier: tier),
      codecs[tier]
        == TierCodecs(
          keys: reader.codec(of: .keys, tier: source),
          values: reader.codec(of: .values, tier: source))
    else { return nil }
    let isSame = (0..<new.kvHeads).allSatisfy { head in
      old.total(through: source, layer: layer, head: head)
        == new.total(through: tier, layer: layer, head: head)
        && old.count(tier: source, layer: layer, head: head)
          == new.count(tier: tier, layer: layer, head: head)
    }
    return isSame ? source : nil
  }

  /// Reads a layer and takes a tier's pairs from it.
  func block(tier: Int, layer: Int) throws -> PairBlock {
    let tiers = metadata.tiers
    let old = reader.metadata.tiers
    let ratio = scorer == nil ? tiers.ratios[tier] : old.ratios[old.tierCount - 1]
    let pairs = try reader.readLayer(layer, ratio: ratio)
    var block = PairBlock(positions: [], keys: [], values: [])
    for (head, stored) in pairs.heads.enumerated() {
      let order = order(stored, layer: layer, head: head)
      let end = tiers.total(through: tier, layer: layer, head: head)
      let start = end - tiers.count(tier: tier, layer: layer, head: head)
      var chosen = order[start..<end]
      if tiers.isByPosition(tier: tier) { chosen.sort() }
      append(chosen, of: stored, to: &block)
    }
    return block
  }

  /// A head's positions, best first.
  private func order(_ head: LayerPairs.Head, layer: Int, head index: Int) -> [UInt32] {
    guard let scorer else { return head.ranking }
    let context = metadata.context
    return ranking.order(
      scorer.scores(
        layer: layer, head: index, keys: context.keyCodec.floats(head.keys),
        keyLength: context.keyLength))
  }

  private func append(
    _ positions: ArraySlice<UInt32>, of head: LayerPairs.Head, to block: inout PairBlock
  ) {
    let context = metadata.context
    let keyBytes = context.keyLength * context.keyCodec.width
    let valueBytes = context.valueLength * context.valueCodec.width
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
