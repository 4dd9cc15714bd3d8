/// A bar for each row of a heat map: what share of its pairs is kept. Only heads with different
/// budgets have them.
struct HeatmapShares {
  private let map: SurvivalMap
  private let layout: HeatmapLayout

  init(_ map: SurvivalMap, _ layout: HeatmapLayout) {
    self.map = map
    self.layout = layout
  }

  /// The bars, to the right of the plot, and what they are.
  var parts: [Markup] {
    let (left, width) = (HeatmapLayout.sharesLeft, HeatmapLayout.shareWidth)
    let bottom = HeatmapLayout.top + layout.plotHeight
    func note(_ text: String, x: Int, y: Int) -> Markup {
      Markup("text", ["x": x, "y": y], text: text)
    }
    let notes = [
      note("0", x: left, y: bottom + 22), note("100 %", x: left + width, y: bottom + 22),
      note("share kept", x: left + width / 2, y: bottom + 42),
    ]
    return [
      Markup(
        "g",
        [
          "transform": "translate(\(left) \(HeatmapLayout.top))",
          "stroke-width": layout.rowHeight, "fill": "none", "shape-rendering": "crispEdges",
        ],
        lines: grounds + [Markup("path", ["class": "s\(Self.shade)", "d": bars])]),
      Markup("g", ["class": "note", "text-anchor": "middle"], lines: notes),
    ]
  }

  private static let shade = 5

  private var grounds: [Markup] {
    (0..<map.layers).map { layer in
      let outline =
        "M0 \(layout.top(layer: layer))h\(HeatmapLayout.shareWidth)v\(layout.layerHeight)H0z"
      return Markup("path", ["class": "ground", "d": outline])
    }
  }

  /// One path; its stroke is as wide as a row is high.
  private var bars: String {
    (0..<map.layers).flatMap { layer in
      (0..<map.heads.count).map { row in
        let top = layout.top(layer: layer) + row * layout.rowHeight
        let middle = Format.fixed(Double(top) + Double(layout.rowHeight) / 2, 1)
        let length = map.share(layer: layer, row: row) * Double(HeatmapLayout.shareWidth)
        return "M0 \(middle)h\(Format.fixed(length, 1))"
      }
    }.joined()
  }
}
