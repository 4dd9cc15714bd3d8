import CacheFormat

/// Merges the rankings of a chain's snapshots.
///
/// Each snapshot ranks its own pairs. Rank r of m pairs has the percentile (r + ½) / m, and
/// percentiles are comparable between snapshots. Two groups come before all others, as they do in
/// one snapshot: the root's sinks in order of position, then the window of the whole chain, its
/// last position first.
struct ChainRanking {
  private struct Pair {
    let group: Group
    /// 2r + 1, less than 2³², and m, less than 2³¹: their products do not overflow.
    let rank, scale: Int
    let slot: Int

    static func precedes(_ a: Pair, _ b: Pair) -> Bool {
      guard a.group == b.group else { return a.group.rawValue < b.group.rawValue }
      switch a.group {
      case .sinks: return a.slot < b.slot
      case .window: return a.slot > b.slot
      case .others:
        let (left, right) = (a.rank * b.scale, b.rank * a.scale)
        return left == right ? a.slot < b.slot : left < right
      }
    }
  }

  private enum Group: Int { case sinks, window, others }

  private let sinks: Int
  private let windowStart: Int
  /// [snapshots]: how many positions each may hold pairs of.
  private let scales: [Int]

  init(_ chain: SnapshotChain) {
    sinks = chain.sinks
    windowStart = chain.metadata.context.tokens - chain.window
    scales = chain.snapshots.map(\.metadata.tiers.tokens)
  }

  /// The slots of a head's kept pairs, best first.
  func order(_ head: KeptPairs.Head) -> [Int] {
    guard head.slots.count > 1 else {
      return head.slots.joined().filter { $0 != .noSlot }.map(Int.init)
    }
    var pairs: [Pair] = []
    for (snapshot, slots) in head.slots.enumerated() {
      for (rank, slot) in slots.enumerated() where slot != .noSlot {
        pairs.append(
          Pair(
            group: group(position: Int(head.positions[Int(slot)])), rank: 2 * rank + 1,
            scale: scales[snapshot], slot: Int(slot)))
      }
    }
    return pairs.sorted(by: Pair.precedes).map(\.slot)
  }

  private func group(position: Int) -> Group {
    position < sinks ? .sinks : position >= windowStart ? .window : .others
  }
}
