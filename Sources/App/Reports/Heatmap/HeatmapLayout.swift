import CacheCodec

/// Where the parts of a heat map are, in pixels. Rows are as high as there is room for.
///
/// ```
///  ┌──────────────────────────────────────┐
///  │ title, what is kept                  │
///  │ layer ┌──────────────────────┐ ┌───┐ │
///  │     0 │ a row for each head  │ │   │ │
///  │       ├──────────────────────┤ ├───┤ │
///  │     1 │                      │ │   │ │
///  │       └──────────────────────┘ └───┘ │
///  │       0    positions           share │
///  │       legend                         │
///  └──────────────────────────────────────┘
/// ```
///
/// Only heads with different budgets have shares.
struct HeatmapLayout {
  private static let right = 30
  static let left = 70
  static let top = 92
  static let plotWidth = 900
  /// The left edge of the shares, and how wide the whole of a row is.
  static let (sharesLeft, shareWidth) = (left + plotWidth + 16, 100)
  private static let below = 122
  /// The height of all rows together, for most models.
  private static let usualHeight = 480
  private static let labelHeight = 12
  private static let mostTicks = 8

  let width: Int
  let rowHeight: Int
  /// Between layers.
  let gap: Int
  private let rowsPerLayer, layers: Int

  init(_ map: SurvivalMap) {
    (layers, rowsPerLayer) = (map.layers, map.heads.count)
    width =
      (map.hasEqualBudgets ? Self.left + Self.plotWidth : Self.sharesLeft + Self.shareWidth)
      + Self.right
    let rows = layers * rowsPerLayer
    // Rows of many layers with one head are 1 high; a single head is a readable band.
    rowHeight = min(max(Self.usualHeight / rows, rowsPerLayer > 1 ? 2 : 1), 40)
    gap = rowHeight >= 4 ? 2 : rowHeight >= 2 && rowsPerLayer > 1 ? 1 : 0
  }

  /// The height of one layer's rows.
  var layerHeight: Int { rowsPerLayer * rowHeight }
  var plotHeight: Int { layers * (layerHeight + gap) - gap }
  var height: Int { Self.top + plotHeight + Self.below }

  /// The upper edge of a layer's rows, from the top of the plot.
  func top(layer: Int) -> Int { layer * (layerHeight + gap) }

  /// The layers whose numbers have room next to the plot.
  var labelledLayers: [Int] {
    let step = Self.steps.first { $0 * (layerHeight + gap) >= Self.labelHeight } ?? layers
    return Array(stride(from: 0, to: layers, by: step))
  }

  /// The positions that are marked below the plot.
  static func ticks(tokens: Int) -> [Int] {
    let step = steps.first { tokens / $0 <= mostTicks } ?? max(1, tokens)
    return Array(stride(from: 0, to: tokens, by: step))
  }

  /// 1, 2, 5, 10, 20, …
  private static var steps: [Int] {
    (0..<10).flatMap { power in
      let ten = (0..<power).reduce(1) { product, _ in product * 10 }
      return [ten, 2 * ten, 5 * ten]
    }
  }
}
