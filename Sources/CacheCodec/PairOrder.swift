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
  /// - Throws: `MalformedFile` unless all positions that were read are different and below `tokens`.
  init(
    ranked: [UInt32], kept: Int, tokens: Int, place: ChunkPlace
  ) throws(MalformedFile) {
    var set = PositionSet(tokens: tokens)
    for position in ranked {
      guard position < tokens else {
        throw place.error("position \(position) in a context of \(tokens) tokens")
      }
      guard set.insert(position) else { throw place.error("position \(position) occurs twice") }
    }
    let surplus = ranked.count - kept
    for position in ranked.suffix(surplus) { set.remove(position) }
    ranking = surplus == 0 ? ranked : Array(ranked.prefix(kept))
    positions = set.positions(count: kept)
    slots =
      set.indices(of: ranking) + repeatElement(UInt32.max, count: surplus)
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

  /// The positions, of which there are `count`, ascending.
  func positions(count: Int) -> [UInt32] {
    var positions: [UInt32] = []
    positions.reserveCapacity(count)
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
