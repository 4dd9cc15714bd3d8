/// The pairs of one head that a compression keeps, over all links of a chain.
struct HeadSelection: Sendable {
  /// Their positions, ascending: those of a link stand all before those of the next one.
  let positions: [UInt32]
  /// [links]: for every pair that was read of a link, in its order of rank, the place in `positions`, or
  /// `CK_NO_SLOT` if it is not kept.
  let slots: [[UInt32]]

  /// Puts the links' pairs one after the other.
  init(_ links: [PairOrder]) {
    guard links.count > 1 else {
      positions = links.first?.positions ?? []
      slots = links.map(\.slots)
      return
    }
    var (positions, slots): ([UInt32], [[UInt32]]) = ([], [])
    for link in links {
      let start = UInt32(positions.count)
      slots.append(link.slots.map { $0 == .max ? .max : start + $0 })
      positions += link.positions
    }
    (self.positions, self.slots) = (positions, slots)
  }

  private init(positions: [UInt32], slots: [[UInt32]]) {
    self.positions = positions
    self.slots = slots
  }

  /// Of the kept pairs those whose ranks in their links are in `ranges`, which do not overlap.
  func restricted(to ranges: [(link: Int, ranks: Range<Int>)]) -> HeadSelection {
    var isChosen = [Bool](repeating: false, count: positions.count)
    for (link, ranks) in ranges {
      for slot in slots[link][ranks] where slot != UInt32.max { isChosen[Int(slot)] = true }
    }
    let chosen = positions.indices.filter { isChosen[$0] }
    var places = [UInt32](repeating: .max, count: positions.count)
    for (place, index) in chosen.enumerated() { places[index] = UInt32(place) }
    var others = slots.map { [UInt32](repeating: .max, count: $0.count) }
    for (link, ranks) in ranges {
      for rank in ranks where slots[link][rank] != UInt32.max {
        others[link][rank] = places[Int(slots[link][rank])]
      }
    }
    return HeadSelection(positions: chosen.map { positions[$0] }, slots: others)
  }
}
