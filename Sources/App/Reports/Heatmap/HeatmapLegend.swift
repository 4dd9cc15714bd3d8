import CacheCodec

/// What the shades of a heat map mean, and what a row and a column are.
struct HeatmapLegend {
  private static let swatchWidth = 26
  private let map: SurvivalMap

  init(_ map: SurvivalMap) { self.map = map }

  /// The legend, with its upper edge at `y`.
  func parts(y: Int) -> [Markup] {
    let left = HeatmapLayout.left
    // A cell of one pair is kept or dropped; there is nothing between.
    let shades = isExact ? [0, HeatmapCells.shades - 1] : Array(0..<HeatmapCells.shades)
    let first = left + 70
    let swatches = shades.enumerated().map { index, shade in
      Markup(
        "rect",
        [
          "class": shade == 0 ? "ground" : "f\(shade)", "x": first + index * Self.swatchWidth,
          "y": y, "width": Self.swatchWidth, "height": 14,
        ])
    }
    func note(_ text: String, x: Int, y: Int) -> Markup {
      Markup("text", ["class": "note", "x": x, "y": y], text: text)
    }
    let end = first + shades.count * Self.swatchWidth
    return [note(isExact ? "dropped" : "none kept", x: left, y: y + 12)] + swatches + [
      note(isExact ? "kept" : "all kept", x: end + 8, y: y + 12),
      note(explanation, x: left, y: y + 36),
    ]
  }

  private var isExact: Bool { map.positions.size == 1 && map.heads.size == 1 }

  private var explanation: String {
    let column =
      map.positions.size == 1
      ? "A column is one position" : "A column is \(Format.count(map.positions.size)) positions"
    let row =
      switch (map.heads.total, map.heads.size) {
      case (1, _): "a row one layer."
      case (_, 1): "a row one KV head; each layer's heads are in order, from the top."
      case (_, let size): "a row \(size) KV heads; each layer's heads are in order, from the top."
      }
    let share =
      map.hasEqualBudgets ? "" : " A bar on the right is the share of its row that is kept."
    return "\(column), \(row)\(share)"
  }
}
