public import CacheFormat

/// One head's keys or values of one tier as quantised codes, in the tier's order (spec, section
/// 5.6).
public struct QuantisedBlock: Sendable {
  /// [pairs][key or value length], one code a byte.
  public let codes: ArraySlice<UInt8>
  /// Binary16 bit patterns. Keys: [⌈pairs / 64⌉][key length]. Values: [pairs].
  public let scales: ArraySlice<UInt16>
  /// The minima, in the shape and type of `scales`.
  public let minima: ArraySlice<UInt16>
  /// [pairs]: each pair's slot among the kept ones, or `UInt32.max` if it is not kept.
  public let slots: ArraySlice<UInt32>
}

extension LayerDecoder {
  /// Only the kept pairs that are in some tiers; slots count among those.
  public func restrict(_ pairs: KeptPairs, to tiers: [ChainTier]) -> KeptPairs {
    let heads = pairs.heads.enumerated().map { index, head in
      head.restricted(
        to: tiers.map { part in
          let table = chain.snapshots[part.snapshot].metadata.tiers
          return (part.snapshot, table.ranks(of: part.tier, layer: pairs.layer, head: index))
        })
    }
    return KeptPairs(layer: pairs.layer, tiers: tiers, heads: heads)
  }

  /// Reads the kept pairs' keys or values as quantised codes, tier by tier.
  ///
  /// - Parameters:
  ///   - tensor: `keys` or `values`.
  ///   - pairs: Pairs of tiers in which the tensor is quantised. Other tiers are a programmer's
  ///     error.
  ///   - store: Called for each tier with each head's part of it.
  /// - Throws: `MalformedFile` that names tier, layer and tensor; `SystemError`.
  public mutating func readCodes(
    _ tensor: ChunkTable.Tensor, of pairs: KeptPairs,
    store: (_ head: Int, _ codes: QuantisedBlock) -> Void
  ) throws {
    try forEachPart(of: tensor, pairs) { chunk, part in
      let codes = chunk.codes(
        part.pairs, firstParameter: part.firstParameter, slots: part.slots)
      store(part.head, codes)
    }
  }
}
