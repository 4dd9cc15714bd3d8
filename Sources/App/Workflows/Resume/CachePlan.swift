import CacheCodec
import CacheFormat
import Inference

/// How the cache holds what a compression keeps of a snapshot.
///
/// Pairs of lossless tiers are elements, before those of new tokens. Other pairs stay the codes of
/// the file, and tiers of one precision are held together.
struct CachePlan {
  /// Quantised tiers that are held together.
  private struct Part {
    var tiers: [ChainTier]
    var keys, values: QuantisedKV.Form
  }

  private let chain: SnapshotChain
  private let compression: Int?
  private let parts: [Part]
  private let tiers: [ChainTier]
  /// Tiers that are held as elements.
  private let elements: [ChainTier]

  /// Plans for the pairs that ×`compression` keeps, or for all pairs. If `isDecoded`, all of them
  /// are elements.
  ///
  /// - Throws: `CompressionNotStored`.
  init(
    _ chain: SnapshotChain, compression: Int?, isDecoded: Bool
  ) throws(CompressionNotStored) {
    self.chain = chain
    self.compression = compression
    var (parts, elements): ([Part], [ChainTier]) = ([], [])
    tiers = try chain.tiersNeeded(compression: compression)
    for tier in tiers {
      let reader = chain.snapshots[tier.snapshot]
      let keys = QuantisedKV.Form(reader.codec(of: .keys, tier: tier.tier))
      let values = QuantisedKV.Form(reader.codec(of: .values, tier: tier.tier))
      if isDecoded || keys == .elements && values == .elements {
        elements.append(tier)
      } else if let index = parts.firstIndex(where: { $0.keys == keys && $0.values == values }) {
        parts[index].tiers.append(tier)
      } else {
        parts.append(Part(tiers: [tier], keys: keys, values: values))
      }
    }
    (self.parts, self.elements) = (parts, elements)
  }

  /// An empty cache with room for the kept pairs and for `room` more pairs a head.
  ///
  /// - Throws: `EngineError.outOfMemory`.
  func emptyCache(shape: KVCache.Shape, room: Int) throws(EngineError) -> KVCache {
    var (capacities, quantised): ([Int], [[QuantisedKV.Shape]]) = ([], [])
    for layer in 0..<shape.layers {
      for head in 0..<shape.kvHeads {
        func kept(_ tier: ChainTier) -> Int { self.kept(tier, layer, head) }
        capacities.append(elements.reduce(room) { $0 + kept($1) })
        quantised.append(
          parts.map { part in
            QuantisedKV.Shape(
              keys: part.keys, values: part.values,
              pairs: part.tiers.reduce(0) { $0 + kept($1) },
              groups: part.tiers.reduce(0) { $0 + Self.groups(kept($1)) })
          })
      }
    }
    return try KVCache(
      shape: shape, dtype: KVCache.DType(chain.metadata.context.held.keyCodec),
      capacities: capacities, quantised: parts.isEmpty ? [] : quantised)
  }

  /// The maximum number of pairs of a tier that the compression keeps: later snapshots may have
  /// dropped some.
  private func kept(_ tier: ChainTier, _ layer: Int, _ head: Int) -> Int {
    let table = chain.snapshots[tier.snapshot].metadata.tiers
    let ranks = table.ranks(of: tier.tier, layer: layer, head: head)
    guard let kept = compression.flatMap({ table.kept(compression: $0, layer: layer, head: head) })
    else {
      return ranks.count
    }
    return ranks.clamped(to: 0..<kept).count
  }

  private static func groups(_ pairs: Int) -> Int {
    (pairs + ChunkShape.groupSize - 1) / ChunkShape.groupSize
  }

  /// Loads the kept pairs of a layer's positions before `end` into a cache that `emptyCache` made.
  ///
  /// - Throws: `MalformedFile` that names tier, layer and tensor; `SystemError`.
  func load(
    layer: Int, before end: Int, into cache: KVCache, with decoder: inout LayerDecoder
  ) throws {
    let selection = try decoder.select(layer: layer, compression: compression, before: end)
    let whole = parts.isEmpty ? selection : decoder.restrict(selection, to: elements)
    try decoder.load(whole, into: cache)
    for (index, part) in parts.enumerated() {
      let selection = decoder.restrict(selection, to: part.tiers)
      let heads = (0..<cache.shape.kvHeads).map { cache.quantised(layer: layer, head: $0)[index] }
      for (head, positions) in selection.positions.enumerated() { heads[head].restore(positions) }
      try Self.load(.keys, part.keys, of: selection, heads.map(\.keys), with: &decoder)
      try Self.load(.values, part.values, of: selection, heads.map(\.values), with: &decoder)
    }
  }

  private static func load(
    _ tensor: ChunkTable.Tensor, _ form: QuantisedKV.Form, of selection: KeptPairs,
    _ heads: [KVRows], with decoder: inout LayerDecoder
  ) throws {
    guard form != .elements else {
      return try decoder.decode(tensor, of: selection) { head, write in
        heads[head].withElements(ofRows: selection.positions[head].count, write)
      }
    }
    var groups = [Int](repeating: 0, count: heads.count)
    try decoder.readCodes(tensor, of: selection) { head, stored in
      groups[head] = heads[head].store(
        codes: stored.codes, scales: stored.scales, minima: stored.minima, slots: stored.slots,
        groupSize: ChunkShape.groupSize, firstGroup: groups[head])
    }
  }
}
