public import CacheFormat

/// One head's keys or values of one tier as they are quantised, in the tier's order (spec, section 5.6).
public struct QuantisedBlock: Sendable {
  /// [pairs][key or value length], one code a byte.
  public let codes: ArraySlice<UInt8>
  /// Binary16s: of keys [⌈pairs / 64⌉][key length], of values [pairs].
  public let scales: ArraySlice<UInt16>
  /// Likewise.
  public let minima: ArraySlice<UInt16>
  /// For each pair its place among the selected ones, or `UInt32.max` if it is not one of them.
  public let slots: ArraySlice<UInt32>
}

extension LayerDecoder {
  /// The selected pairs of some tiers alone.
  public func restrict(_ selection: Selection, to tiers: [ChainTier]) -> Selection {
    let heads = selection.heads.enumerated().map { head, order in
      order.restricted(
        to: tiers.map { part in
          let table = chain.links[part.link].metadata.tiers
          return (part.link, table.ranks(of: part.tier, layer: selection.layer, head: head))
        })
    }
    return Selection(layer: selection.layer, tiers: tiers, heads: heads)
  }

  /// Reads the selected pairs' keys or values as they are quantised, tier by tier.
  ///
  /// - Parameters:
  ///   - tensor: `keys` or `values`.
  ///   - selection: Of tiers in which the tensor is quantised: anything else is a programmer's error.
  ///   - store: Called for each tier with each head's part of it.
  /// - Throws: `MalformedFile` that names tier, layer and tensor; `SystemError`.
  public mutating func readCodes(
    _ tensor: ChunkTable.Tensor, of selection: Selection,
    store: (_ head: Int, _ codes: QuantisedBlock) -> Void
  ) throws {
    try forEachPart(of: tensor, selection) { chunk, head, pairs, firstParameter, slots in
      store(head, chunk.codes(pairs, firstParameter: firstParameter, slots: slots))
    }
  }
}
