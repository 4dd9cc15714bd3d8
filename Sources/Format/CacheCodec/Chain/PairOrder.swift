import ByteIO

/// Turns a head's ranking in one snapshot into order of position.
struct PairOrder {
  /// Positions of the kept pairs, ascending.
  let positions: [UInt32]
  /// [ranks]: the index in `positions` of each pair that was read, or `noSlot` if it is not kept.
  let slots: [UInt32]

  /// Orders the first `kept` pairs of a ranking.
  ///
  /// - Parameters:
  ///   - ranked: Positions of the pairs that were read, best first.
  ///   - allowed: The positions whose pairs the snapshot may hold.
  ///   - end: Only pairs at positions before this one are kept.
  /// - Throws: `MalformedFile` unless all positions that were read are different and allowed.
  init(
    ranked: [UInt32], kept: Int, allowed: Range<Int>, before end: Int, place: ChunkPlace
  ) throws(MalformedFile) {
    if let position = ranked.first(where: { !allowed.contains(Int($0)) }) {
      throw place.error(
        "position \(position) is outside \(allowed.lowerBound) to below \(allowed.upperBound)")
    }
    // A bit for each position is fastest for a head with many pairs. A file may claim many heads
    // with few pairs each: those must not cost the context's length.
    let isDense = ranked.count >= allowed.count / 64
    (positions, slots) =
      isDense
      ? try Self.dense(ranked, kept, allowed, end, place)
      : try Self.sparse(ranked, kept, end, place)
  }

  private static func dense(
    _ ranked: [UInt32], _ kept: Int, _ allowed: Range<Int>, _ end: Int, _ place: ChunkPlace
  ) throws(MalformedFile) -> (positions: [UInt32], slots: [UInt32]) {
    var set = PositionSet(allowed)
    for position in ranked where !set.insert(position) { throw twice(position, place) }
    for (rank, position) in ranked.enumerated() where rank >= kept || position >= end {
      set.remove(position)
    }
    let slots = set.indices(of: ranked).enumerated().map { rank, index in
      rank < kept && ranked[rank] < end ? index : .noSlot
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
    var slots = [UInt32](repeating: .noSlot, count: ranked.count)
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

/// A set of positions in a range, one bit each.
private struct PositionSet {
  private let first: UInt32
  private var words: [UInt64]

  init(_ range: Range<Int>) {
    first = UInt32(range.lowerBound)
    words = Array(repeating: 0, count: (range.count + 63) / 64)
  }

  private func bit(of position: UInt32) -> (word: Int, bit: UInt64) {
    let index = position - first
    return (Int(index / 64), UInt64(1) << UInt64(index % 64))
  }

  /// Adds a position; false if it was there.
  mutating func insert(_ position: UInt32) -> Bool {
    let (word, bit) = bit(of: position)
    defer { words[word] |= bit }
    return words[word] & bit == 0
  }

  mutating func remove(_ position: UInt32) {
    let (word, bit) = bit(of: position)
    words[word] &= ~bit
  }

  /// The positions, ascending.
  var positions: [UInt32] {
    var positions: [UInt32] = []
    positions.reserveCapacity(words.reduce(0) { $0 + $1.nonzeroBitCount })
    for (index, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        positions.append(first + UInt32(index * 64 + rest.trailingZeroBitCount))
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
      let (word, bit) = bit(of: position)
      return before[word] + UInt32((words[word] & (bit - 1)).nonzeroBitCount)
    }
  }
}
