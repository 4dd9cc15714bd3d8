import CacheFormat

/// Merges the rankings of a chain's links.
///
/// Each link ranks its own pairs. Of m pairs the one of rank r, from 0, is better than the share
/// (r + ½) / m of them is not: so far all links agree on what a rank means. The root's sinks, in order of
/// position, and the last positions of the whole, its window, the last one first, come before all others, as they
/// do in one snapshot.
struct ChainRanking {
  private struct Pair {
    /// 0 of sinks, 1 of the window, 2 of others.
    let group: Int
    /// 2r + 1, less than 2³², and m, less than 2³¹: their products do not overflow.
    let rank, scale: Int
    let place: Int

    static func precedes(_ a: Pair, _ b: Pair) -> Bool {
      guard a.group == b.group else { return a.group < b.group }
      guard a.group == 2 else { return a.group == 0 ? a.place < b.place : a.place > b.place }
      let (left, right) = (a.rank * b.scale, b.rank * a.scale)
      return left == right ? a.place < b.place : left < right
    }
  }

  private let sinks: Int
  private let windowStart: Int
  /// [links]
  private let scales: [Int]

  init(_ chain: SnapshotChain) {
    sinks = chain.sinks
    windowStart = chain.metadata.context.tokens - chain.window
    scales = chain.links.map(\.metadata.tiers.tokens)
  }

  /// The places of a head's kept pairs in order of position, best first.
  func order(_ head: HeadSelection) -> [Int] {
    guard head.slots.count > 1 else {
      return head.slots.joined().filter { $0 != UInt32.max }.map(Int.init)
    }
    var pairs: [Pair] = []
    for (link, slots) in head.slots.enumerated() {
      for (rank, slot) in slots.enumerated() where slot != UInt32.max {
        let position = Int(head.positions[Int(slot)])
        pairs.append(
          Pair(
            group: position < sinks ? 0 : position >= windowStart ? 1 : 2,
            rank: 2 * rank + 1, scale: scales[link], place: Int(slot)))
      }
    }
    return pairs.sorted(by: Pair.precedes).map(\.place)
  }
}
