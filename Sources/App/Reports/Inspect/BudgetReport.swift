import CacheFormat

/// How many pairs each head holds, where heads have different budgets.
struct BudgetReport: Encodable {
  /// The compression that the text shows: ×8, or the least that is stored.
  let compression: Int
  /// [tiers][layers][kvHeads]: pairs of the tiers up to and including each one.
  let pairsHeld: [[[Int]]]
  private let tokens: Int
  /// [layers][kvHeads]: what `compression` keeps, and what every compression keeps.
  private let kept, floors: [[Int]]

  private enum CodingKeys: CodingKey { case compression, pairsHeld }

  private static let usual = 8

  /// Nil if all heads have equal budgets.
  init?(_ table: TierTable) {
    guard !table.hasEqualBudgets else { return nil }
    let compression = max(Self.usual, table.ratios.last ?? 1)
    self.compression = compression
    tokens = table.tokens
    func heads(_ count: (_ layer: Int, _ head: Int) -> Int) -> [[Int]] {
      (0..<table.layers).map { layer in (0..<table.kvHeads).map { count(layer, $0) } }
    }
    pairsHeld = (0..<table.tierCount).map { tier in
      heads { table.total(through: tier, layer: $0, head: $1) }
    }
    kept = heads { table.kept(compression: compression, layer: $0, head: $1) ?? 0 }
    floors = heads { table.floor(layer: $0, head: $1) }
  }
}

extension BudgetReport: CustomStringConvertible {
  var description: String { "\(table)\n\n\(summary)" }

  private static let mostBars = 24
  private static let barWidth = 12
  /// A head that holds more than this share of the context looks far back.
  private static let largeShare = 0.3

  private var table: TextTable {
    var table = TextTable(
      "what ×\(compression) keeps of each layer, and of its heads",
      ["layer", "pairs", "share", "least", "greatest"])
    for layer in kept.indices {
      let (heads, all) = (kept[layer], tokens * kept[layer].count)
      let pairs = heads.reduce(0, +)
      table.add(
        [
          "\(layer)", Format.count(pairs), Format.percent(pairs, of: all, 1),
          Format.percent(heads.min() ?? 0, of: tokens, 1),
          Format.percent(heads.max() ?? 0, of: tokens, 1),
        ], bars(layer: layer))
    }
    return table
  }

  /// A bar for each head. A point is a head that holds sinks and window alone.
  private func bars(layer: Int) -> String {
    let heads = kept[layer]
    guard heads.count > 1 else {
      return Format.bar(Format.share(heads[0], of: tokens) ?? 0, width: Self.barWidth)
    }
    guard showsHeads else { return "" }
    return heads.indices.map { head in
      isProtectedAlone(layer: layer, head: head)
        ? "·" : Format.eighths(Format.share(heads[head], of: tokens) ?? 0)
    }.joined()
  }

  private func isProtectedAlone(layer: Int, head: Int) -> Bool {
    kept[layer][head] <= floors[layer][head] && floors[layer][head] < tokens
  }

  private var summary: String {
    let large = kept.joined().count { Double($0) > Self.largeShare * Double(tokens) }
    let alone = kept.indices.reduce(0) { count, layer in
      count + kept[layer].indices.count { isProtectedAlone(layer: layer, head: $0) }
    }
    return """
      \(Format.count(large)) of \(Format.count(kept.joined().count, "head")) hold more than \
      \(Format.fixed(Self.largeShare * 100, 0)) % of the context at ×\(compression);
      \(Format.count(alone)) hold sinks and window alone\(showsHeads ? " (·)" : "")
      """
  }

  /// Whether a layer's heads have room next to its row.
  private var showsHeads: Bool { 2...Self.mostBars ~= kept.first?.count ?? 0 }
}
