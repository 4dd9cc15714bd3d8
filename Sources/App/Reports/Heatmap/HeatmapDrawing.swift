import CacheCodec

/// A survival map as an SVG: a column for each stretch of positions, a row for each head, a shade
/// for the share that survives. Equal maps give equal bytes.
struct HeatmapDrawing {
  private let map: SurvivalMap
  private let name: String
  private let sinks, window: Int
  private let layout: HeatmapLayout

  /// - Parameter name: The snapshot's file name, for the title.
  init(map: SurvivalMap, name: String, sinks: Int, window: Int) {
    (self.map, self.name, self.sinks, self.window) = (map, name, sinks, window)
    layout = HeatmapLayout(map)
  }

  /// The whole file.
  var svg: String {
    let (width, height) = (layout.width, layout.height)
    return SVG.document(
      width: width, height: height, label: "\(title): \(summary)", fontSize: 13,
      SVG.heading(title, summary, x: HeatmapLayout.left) + [layerLabels] + plot + [axis]
        + (map.hasEqualBudgets ? [] : HeatmapShares(map, layout).parts)
        + HeatmapLegend(map).parts(y: HeatmapLayout.top + layout.plotHeight + 60))
  }

  private var title: String { "\(Format.shortened(name, to: 80)), ×\(map.compression)" }

  private var summary: String {
    let all = map.positions.total * map.heads.total * map.layers
    let share = all > 0 ? " (\(Format.percent(map.pairs, of: all, 1)))" : ""
    return
      "\(Format.count(map.positions.total, "token")) in \(Format.count(map.layers, "layer")) × "
      + "\(Format.count(map.heads.total, "KV head")); ×\(map.compression) keeps "
      + "\(Format.count(map.pairs)) of \(Format.count(all)) pairs\(share); ranked with "
      + "\(Format.count(sinks, "sink")) and a window of \(Format.count(window))"
  }

  private var layerLabels: Markup {
    let x = HeatmapLayout.left - 8
    let name = Markup("text", ["x": x, "y": HeatmapLayout.top - 9], text: "layer")
    let labels = layout.labelledLayers.map { layer in
      let y = HeatmapLayout.top + layout.top(layer: layer) + layout.layerHeight / 2 + 4
      return Markup("text", ["x": x, "y": y], text: "\(layer)")
    }
    return Markup("g", ["class": "note", "text-anchor": "end"], lines: [name] + labels)
  }

  private var plot: [Markup] {
    let (left, top) = (HeatmapLayout.left, HeatmapLayout.top)
    let (width, height) = (HeatmapLayout.plotWidth, layout.plotHeight)
    guard map.positions.total > 0 else {
      return [
        Markup(
          "rect", ["class": "ground", "x": left, "y": top, "width": width, "height": height]),
        Markup(
          "text", ["x": left + width / 2, "y": top + height / 2 + 5, "text-anchor": "middle"],
          text: "no tokens, so nothing to keep"),
      ]
    }
    let grounds = (0..<map.layers).map { layer in
      let (top, columns) = (layout.top(layer: layer), map.positions.count)
      let outline = "M0 \(top)h\(columns)v\(layout.layerHeight)H0z"
      return Markup("path", ["class": "ground", "d": outline])
    }
    let paths = HeatmapCells(map, layout).paths.enumerated().filter { !$1.isEmpty }.map {
      Markup("path", ["class": "s\($0)", "d": $1])
    }
    let scale = Format.fixed(columnWidth, 6)
    return [
      Markup(
        "g",
        [
          "transform": "translate(\(left) \(top)) scale(\(scale) 1)",
          "stroke-width": layout.rowHeight, "fill": "none", "shape-rendering": "crispEdges",
        ], lines: grounds + paths)
    ]
  }

  /// Pixels.
  private var columnWidth: Double {
    Double(HeatmapLayout.plotWidth) / Double(max(1, map.positions.count))
  }

  private var axis: Markup {
    let bottom = HeatmapLayout.top + layout.plotHeight
    // If a column is one position, its mark is below its middle.
    let middle = map.positions.size == 1 ? 0.5 : 0
    let ticks = HeatmapLayout.ticks(tokens: map.positions.total).flatMap { position in
      let column = Double(position) / Double(map.positions.size) + middle
      let x = Format.fixed(Double(HeatmapLayout.left) + column * columnWidth, 1)
      return [
        Markup("path", ["class": "tick", "d": "M\(x) \(bottom + 3)v5"]),
        Markup("text", ["x": x, "y": bottom + 22], text: Format.count(position)),
      ]
    }
    let center = HeatmapLayout.left + HeatmapLayout.plotWidth / 2
    let name = Markup("text", ["x": center, "y": bottom + 42], text: "token position")
    return Markup("g", ["class": "note", "text-anchor": "middle"], lines: ticks + [name])
  }
}
