/// Which pairs of a layer a compression keeps.
public struct KeptPairs: Sendable {
  /// The layer, 0 … layers − 1.
  public let layer: Int
  /// The tiers that hold them.
  let tiers: [ChainTier]
  /// [kvHeads]
  let heads: [Head]

  /// [kvHeads]: the kept positions, ascending.
  public var positions: [[UInt32]] { heads.map(\.positions) }
}

extension KeptPairs {
  /// The kept pairs of one head, over all snapshots of a chain.
  struct Head: Sendable {
    /// Their positions, ascending: a snapshot's are all before those of the next one.
    let positions: [UInt32]
    /// [snapshots][ranks]: for each pair that was read, its index in `positions`, or `noSlot` if it
    /// is not kept.
    let slots: [[UInt32]]
  }
}

extension KeptPairs.Head {
  /// Joins the pairs of the snapshots of a chain, the root's first.
  init(_ snapshots: [PairOrder]) {
    guard snapshots.count > 1 else {
      self.init(
        positions: snapshots.first?.positions ?? [], slots: snapshots.map(\.slots))
      return
    }
    var (positions, slots): ([UInt32], [[UInt32]]) = ([], [])
    for snapshot in snapshots {
      let start = UInt32(positions.count)
      slots.append(snapshot.slots.map { $0 == .noSlot ? .noSlot : start + $0 })
      positions += snapshot.positions
    }
    self.init(positions: positions, slots: slots)
  }

  /// The kept pairs whose ranks in their snapshots are in `ranges`, which do not overlap.
  func restricted(to ranges: [(snapshot: Int, ranks: Range<Int>)]) -> KeptPairs.Head {
    var isChosen = [Bool](repeating: false, count: positions.count)
    for (snapshot, ranks) in ranges {
      for slot in slots[snapshot][ranks] where slot != .noSlot { isChosen[Int(slot)] = true }
    }
    let chosen = positions.indices.filter { isChosen[$0] }
    var newSlots = [UInt32](repeating: .noSlot, count: positions.count)
    for (new, old) in chosen.enumerated() { newSlots[old] = UInt32(new) }
    var others = slots.map { [UInt32](repeating: .noSlot, count: $0.count) }
    for (snapshot, ranks) in ranges {
      for rank in ranks where slots[snapshot][rank] != .noSlot {
        others[snapshot][rank] = newSlots[Int(slots[snapshot][rank])]
      }
    }
    return KeptPairs.Head(positions: chosen.map { positions[$0] }, slots: others)
  }
}
