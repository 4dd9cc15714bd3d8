/// How many pairs each compression keeps in each head (spec, section 5.3).
extension TierTable {
  /// How many pairs of a head ×`compression` keeps, best first, or nil if they are not stored.
  ///
  /// Between two tiers the head's number grows as ⌊tokens / compression⌋ does. Before the first
  /// tier it grows from the floor.
  public func kept(compression: Int, layer: Int, head: Int) -> Int? {
    guard let tier = tiersNeeded(compression: compression).map({ $0 - 1 }) else { return nil }
    let stored = total(through: tier, layer: layer, head: head)
    let floor = floor(layer: layer, head: head)
    let start =
      tier == 0
      ? (share: floor, kept: min(floor, stored))
      : (
        share: max(tokens / ratios[tier - 1], floor),
        kept: total(through: tier - 1, layer: layer, head: head)
      )
    let rise = tokens / ratios[tier] - start.share
    guard ratios[tier] < compression, rise > 0 else { return stored }
    // Both factors are below 2³¹.
    let part = max(0, tokens / compression - start.share)
    return start.kept + (stored - start.kept) * part / rise
  }

  /// What a snapshot made at ×`compression` holds of this one, or nil if it is not stored. The
  /// ratios are `ratios(at:)`, and each keeps as many pairs as here.
  public func recompressed(to compression: Int) -> TierTable? {
    guard tiersNeeded(compression: compression) != nil else { return nil }
    var table = self
    table.ratios = Self.ratios(at: compression)
    table.totals = table.ratios.flatMap { ratio in
      floors.indices.map { index in
        let (layer, head) = index.quotientAndRemainder(dividingBy: kvHeads)
        return UInt32(clamping: kept(compression: ratio, layer: layer, head: head) ?? 0)
      }
    }
    return table
  }

  /// Whether every compression keeps as many pairs in one head as in the others, heads that are
  /// kept whole aside.
  public var hasEqualBudgets: Bool {
    let heads = layers * kvHeads
    let others = headsThere.filter { floors[$0] != tokens }
    return (0..<tierCount).allSatisfy { tier in
      others.allSatisfy { totals[tier * heads + $0] == totals[tier * heads + others[0]] }
    }
  }
}

extension TierTable {
  /// The ratios of a snapshot made at a compression, as a writer of version 1 lays them out: 64,
  /// 32, 16, 8, 4, 2, 1 as far as they are greater than `compression`, and then that.
  ///
  /// - Parameter compression: ≥ 1.
  public static func ratios(at compression: Int) -> [Int] {
    precondition(compression >= 1, "a compression is at least 1")
    return [64, 32, 16, 8, 4, 2, 1].filter { $0 > compression } + [compression]
  }

  /// One tier of all pairs of a context from a position on, which are not ranked.
  package init(unranked context: ContextDescription, firstPosition: Int) {
    let (heads, tokens) = (context.layers * context.kvHeads, context.tokens - firstPosition)
    self.init(
      scorer: .unranked, sinks: 0, window: 0, ratios: [1], layers: context.layers,
      kvHeads: context.kvHeads, positions: firstPosition..<context.tokens, headCounts: nil,
      floors: Array(repeating: 0, count: heads),
      totals: Array(repeating: UInt32(clamping: tokens), count: heads))
  }

  /// The tiers of a snapshot made at a compression, in which all heads have equal budgets.
  ///
  /// - Parameters:
  ///   - scorer: What ranked the pairs.
  ///   - sinks: How many first positions all compressions keep.
  ///   - window: How many last positions they keep.
  ///   - layers: Layers of the cache.
  ///   - kvHeads: KV heads of each layer.
  ///   - firstPosition: The first position whose pairs the snapshot holds; 0 except for a child.
  ///   - tokens: The number of positions from there on.
  ///   - floors: [layers][kvHeads], the least number of pairs that any compression keeps; one that
  ///     exceeds `tokens` means all of them.
  ///   - stored: [layers][kvHeads], the number of pairs; nil for one at each position.
  ///   - compression: ≥ 1; 1 stores every tier, and so the whole cache.
  public init(
    scorer: ScorerID = .qFilters, sinks: Int, window: Int, layers: Int, kvHeads: Int,
    firstPosition: Int = 0, tokens: Int, floors: [Int], stored: [Int]? = nil,
    compression: Int
  ) {
    let budgets = Self.ratios(at: compression).map { ratio in
      floors.enumerated().map { head, floor in
        min(stored?[head] ?? tokens, max(tokens / ratio, floor))
      }
    }
    self.init(
      scorer: scorer, sinks: sinks, window: window, layers: layers, kvHeads: kvHeads,
      firstPosition: firstPosition, tokens: tokens, floors: floors, budgets: budgets,
      compression: compression)
  }

  /// The tiers of a snapshot made at a compression, with a budget for each head.
  ///
  /// - Parameters:
  ///   - scorer: What ranked the pairs.
  ///   - sinks: How many first positions all compressions keep.
  ///   - window: How many last positions they keep.
  ///   - layers: Layers of the cache.
  ///   - kvHeads: KV heads of each layer.
  ///   - firstPosition: The first position whose pairs the snapshot holds; 0 except for a child.
  ///   - tokens: The number of positions from there on.
  ///   - floors: [layers][kvHeads], the least number of pairs that any compression keeps; one that
  ///     exceeds `tokens` means all of them.
  ///   - budgets: [ratios(at: compression)][layers · kvHeads], how many pairs each ratio keeps. One
  ///     that exceeds `tokens` means all of them; one below that of the ratio before means as many.
  ///   - compression: ≥ 1.
  public init(
    scorer: ScorerID, sinks: Int, window: Int, layers: Int, kvHeads: Int,
    firstPosition: Int = 0, tokens: Int, floors: [Int], budgets: [[Int]], compression: Int
  ) {
    let heads = layers * kvHeads
    let ratios = Self.ratios(at: compression)
    precondition(floors.count == heads, "one floor for each layer and head")
    precondition(
      budgets.count == ratios.count && budgets.allSatisfy { $0.count == heads },
      "one budget for each ratio, layer and head")
    var kept = [Int](repeating: 0, count: heads)
    let totals = budgets.flatMap { budgets in
      for head in kept.indices { kept[head] = max(kept[head], min(budgets[head], tokens)) }
      return kept.map { UInt32(clamping: $0) }
    }
    self.init(
      scorer: scorer, sinks: sinks, window: window, ratios: ratios, layers: layers,
      kvHeads: kvHeads, positions: firstPosition..<firstPosition + tokens, headCounts: nil,
      floors: floors.map { UInt32(clamping: min($0, tokens)) }, totals: totals)
  }
}
