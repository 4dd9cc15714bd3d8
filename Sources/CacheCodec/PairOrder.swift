import ByteIO
import CKernels

/// Turns a head's ranking into order of position.
struct PairOrder {
  /// Positions of the kept pairs, best first.
  let ranking: [UInt32]
  /// The same positions, ascending.
  let positions: [UInt32]
  /// For every ranked pair that was read, its index in `positions`, or `CK_NO_SLOT` if it is not
  /// kept.
  let slots: [UInt32]

  /// Orders the first `kept` pairs of a ranking.
  ///
  /// - Parameters:
  ///   - ranked: Positions of the pairs that were read, best first.
  ///   - tokens: Tokens of the context.
  ///   - end: Of the kept pairs, only those at positions before this one stay.
  /// - Throws: `MalformedFile` unless all positions that were read are different and below `tokens`.
  init(
    ranked: [UInt32], kept: Int, tokens: Int, before end: Int, place: ChunkPlace
  ) throws(MalformedFile) {
    if let position = ranked.first(where: { $0 >= tokens }) {
      throw place.error("position \(position) in a context of \(tokens) tokens")
    }
    // A bit a token is fastest for a head with many pairs. A file may claim very many heads with hardly
    // any: those must not cost the context's length.
    let isDense = ranked.count >= tokens / 64
    let (positions, slots) =
      isDense
      ? try Self.dense(ranked, kept, tokens, end, place)
      : try Self.sparse(ranked, kept, end, place)
    self.positions = positions
    self.slots = slots
    ranking =
      positions.count == ranked.count ? ranked : ranked.prefix(kept).filter { $0 < end }
  }

  /// Of the kept pairs those whose ranks are in `ranges`, which do not overlap.
  func restricted(to ranges: [Range<Int>]) -> PairOrder {
    var isChosen = [Bool](repeating: false, count: positions.count)
    let ranks = ranges.joined().filter { slots[$0] != UInt32.max }
    for rank in ranks { isChosen[Int(slots[rank])] = true }
    let chosen = positions.indices.filter { isChosen[$0] }
    var places = [UInt32](repeating: .max, count: positions.count)
    for (place, index) in chosen.enumerated() { places[index] = UInt32(place) }
    var others = [UInt32](repeating: .max, count: slots.count)
    for rank in ranks { others[rank] = places[Int(slots[rank])] }
    return PairOrder(
      ranking: ranks.sorted().map { positions[Int(slots[$0])] },
      positions: chosen.map { positions[$0] }, slots: others)
  }

  private init(ranking: [UInt32], positions: [UInt32], slots: [UInt32]) {
    self.ranking = ranking
    self.positions = positions
    self.slots = slots
  }

  private static func dense(
    _ ranked: [UInt32], _ kept: Int, _ tokens: Int, _ end: Int, _ place: ChunkPlace
  ) throws(MalformedFile) -> (positions: [UInt32], slots: [UInt32]) {
    var set = PositionSet(tokens: tokens)
    for position in ranked where !set.insert(position) { throw twice(position, place) }
    for (rank, position) in ranked.enumerated() where rank >= kept || position >= end {
      set.remove(position)
    }
    let slots = set.indices(of: ranked).enumerated().map { rank, index in
      rank < kept && ranked[rank] < end ? index : UInt32.max
    }
    return (set.positions, slots)
  }

  private static func sparse(
    _ ranked: [UInt32], _ kept: Int, _ end: Int, _ place: ChunkPlace
  ) throws(MalformedFile) -> (positions: [UInt32], slots: [UInt32]) {
    let order = ranked.indices.sorted { ranked[$0] < ranked[$1] }
    for (rank, next) in zip(order, order.dropFirst()) where ranked[rank] == ranked[next] {
      throw twice(ranked[rank], place)
    }
    var positions: [UInt32] = []
    var slots = [UInt32](repeating: .max, count: ranked.count)
    for rank in order where rank < kept && ranked[rank] < end {
      slots[rank] = UInt32(positions.count)
      positions.append(ranked[rank])
    }
    return (positions, slots)
  }

  private static func twice(_ position: UInt32, _ place: ChunkPlace) -> MalformedFile {
    place.error("position \(position) occurs twice")
  }
}

/// A set of positions, one bit each.
private struct PositionSet {
  private var words: [UInt64]

  init(tokens: Int) { words = Array(repeating: 0, count: (tokens + 63) / 64) }

  /// Adds a position; false if it was there.
  mutating func insert(_ position: UInt32) -> Bool {
    let bit = UInt64(1) << UInt64(position % 64)
    defer { words[Int(position / 64)] |= bit }
    return words[Int(position / 64)] & bit == 0
  }

  mutating func remove(_ position: UInt32) {
    words[Int(position / 64)] &= ~(UInt64(1) << UInt64(position % 64))
  }

  /// The positions, ascending.
  var positions: [UInt32] {
    var positions: [UInt32] = []
    positions.reserveCapacity(words.reduce(0) { $0 + $1.nonzeroBitCount })
    for (index, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        positions.append(UInt32(index * 64 + rest.trailingZeroBitCount))
        rest &= rest - 1
      }
    }
    return positions
  }

  /// How many positions of the set are smaller than each of `positions`.
  func indices(of positions: [UInt32]) -> [UInt32] {
    var before: [UInt32] = []
    before.reserveCapacity(words.count)
    var count: UInt32 = 0
    for word in words {
      before.append(count)
      count += UInt32(word.nonzeroBitCount)
    }
    return positions.map { position in
      let index = Int(position / 64)
      let lower = words[index] & (UInt64(1) << UInt64(position % 64) - 1)
      return before[index] + UInt32(lower.nonzeroBitCount)
    }
  }
}
