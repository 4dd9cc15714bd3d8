/// Which pairs a snapshot holds and in which order (spec, section 5.3, `TIER`).
///
/// Tier t holds, for each layer and head, the pairs that compression ×`ratios[t]` keeps and
/// ×`ratios[t − 1]` does not. Pairs are in order of rank; the pair of rank 0 is kept longest. A
/// tier ×1 after ×2 is in order of position instead, because no compression divides it. A child
/// holds only pairs from its first position on, and compressions count among those. Heads may have
/// different budgets: ×N keeps 1/N of all pairs, and more in one head than in another.
public struct TierTable: Sendable, Equatable {
  /// The greatest number of tiers.
  public static let maximumTiers = 64

  /// What ranked the pairs.
  public let scorer: ScorerID
  /// How many first positions rank before all others.
  public let sinks: Int
  /// How many last positions rank next.
  public let window: Int
  /// The compression that each tier completes, strictly decreasing, each ≥ 1.
  public internal(set) var ratios: [Int]
  /// Layers of the model.
  public let layers: Int
  /// KV heads of each layer.
  public let kvHeads: Int
  /// The positions whose pairs the snapshot may hold: the whole context's, or a child's own.
  public let positions: Range<Int>
  /// [layers]: the KV heads that a layer has, where layers differ. Others have no pairs.
  let headCounts: [Int]?
  /// [layers][kvHeads]: the least number of pairs that any compression keeps.
  let floors: [UInt32]
  /// [tiers][layers][kvHeads]: the pairs in the tiers up to and including this one.
  var totals: [UInt32]

  /// The number of `positions`.
  public var tokens: Int { positions.count }

  /// How many tiers the snapshot holds.
  public var tierCount: Int { ratios.count }

  /// Whether every pair of every position is in the file.
  public var isWhole: Bool {
    let last = totals.count - layers * kvHeads
    return ratios.last == 1 && headsThere.allSatisfy { totals[last + $0] == tokens }
  }

  /// Whether the order of the pairs means anything. Without it ×1 is all that the file holds.
  public var isRanked: Bool { scorer != .unranked }

  /// The heads that there are, counted through all layers.
  var headsThere: [Int] {
    guard let headCounts else { return Array(0..<layers * kvHeads) }
    return headCounts.enumerated().flatMap { layer, count in
      layer * kvHeads..<layer * kvHeads + count
    }
  }

  /// The least number of pairs that any compression keeps in a head.
  public func floor(layer: Int, head: Int) -> Int { Int(floors[layer * kvHeads + head]) }

  /// How many pairs of a head are in the tiers up to and including `tier`.
  public func total(through tier: Int, layer: Int, head: Int) -> Int {
    Int(totals[(tier * layers + layer) * kvHeads + head])
  }

  /// How many pairs of a head are in `tier`.
  public func count(tier: Int, layer: Int, head: Int) -> Int {
    let before = tier == 0 ? 0 : total(through: tier - 1, layer: layer, head: head)
    return total(through: tier, layer: layer, head: head) - before
  }

  /// The ranks of a head's pairs in `tier`.
  public func ranks(of tier: Int, layer: Int, head: Int) -> Range<Int> {
    let end = total(through: tier, layer: layer, head: head)
    return end - count(tier: tier, layer: layer, head: head)..<end
  }

  /// How many pairs of all heads of a layer are in `tier`.
  public func pairs(tier: Int, layer: Int) -> Int {
    (0..<kvHeads).reduce(0) { $0 + count(tier: tier, layer: layer, head: $1) }
  }

  /// Whether a tier's pairs are in order of position: ×1 after ×2, which no compression divides.
  public func isByPosition(tier: Int) -> Bool {
    tier > 0 && ratios[tier] == 1 && ratios[tier - 1] == 2
  }

  /// A head's pairs of a tier in the tier's order.
  ///
  /// - Parameter ranking: The head's pairs, best first.
  package func pairs(
    of ranking: [UInt32], tier: Int, layer: Int, head: Int
  ) -> ArraySlice<UInt32> {
    var pairs = ranking[ranks(of: tier, layer: layer, head: head)]
    if isByPosition(tier: tier) { pairs.sort() }
    return pairs
  }

  /// How a tier's positions are stored.
  public func positionCodec(tier: Int) -> ElementCodec {
    isByPosition(tier: tier) ? .positionGaps : .position
  }

  /// The number of first tiers that hold what ×`compression` keeps, or nil if it is not stored.
  public func tiersNeeded(compression: Int) -> Int? {
    isRanked || compression == 1 ? ratios.firstIndex { $0 <= compression }.map { $0 + 1 } : nil
  }
}
