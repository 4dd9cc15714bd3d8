import CacheCodec

/// A survival map as an SVG: a column for each stretch of positions, a row for each head, and a shade
/// for the share that survives. Equal maps give equal bytes.
package struct HeatmapDrawing {
  private let map: SurvivalMap
  private let name: String
  private let sinks, window: Int
  private let layout: HeatmapLayout

  /// - Parameter name: The snapshot's file name, for the title.
  package init(map: SurvivalMap, name: String, sinks: Int, window: Int) {
    (self.map, self.name, self.sinks, self.window) = (map, name, sinks, window)
    layout = HeatmapLayout(map)
  }

  /// The whole file.
  package var svg: String {
    let (width, height) = (HeatmapLayout.width, layout.height)
    return SVG.document(
      width: width, height: height, label: "\(title): \(summary)", fontSize: 13,
      """
      \(SVG.heading(title, summary, x: HeatmapLayout.left))
      \(layerLabels)
      \(plot)
      \(axis)
      \(HeatmapLegend(map).svg(y: HeatmapLayout.top + layout.plotHeight + 60))
      """)
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

  private var layerLabels: String {
    let x = HeatmapLayout.left - 8
    let labels = layout.labelledLayers.map { layer in
      let y = HeatmapLayout.top + layout.top(layer: layer) + layout.layerHeight / 2 + 4
      return #"<text x="\#(x)" y="\#(y)">\#(layer)</text>"#
    }
    return """
      <g class="note" text-anchor="end">
      <text x="\(x)" y="\(HeatmapLayout.top - 9)">layer</text>
      \(labels.joined(separator: "\n"))
      </g>
      """
  }

  private var plot: String {
    let (left, top) = (HeatmapLayout.left, HeatmapLayout.top)
    guard map.positions.total > 0 else {
      return """
        <rect class="ground" x="\(left)" y="\(top)" width="\(HeatmapLayout.plotWidth)" height="\(layout.plotHeight)"/>
        <text x="\(left + HeatmapLayout.plotWidth / 2)" y="\(top + layout.plotHeight / 2 + 5)" text-anchor="middle">no tokens, so nothing to keep</text>
        """
    }
    let grounds = (0..<map.layers).map { layer in
      #"<path class="ground" d="M0 \#(layout.top(layer: layer))h\#(map.positions.count)v\#(layout.layerHeight)H0z"/>"#
    }
    let paths = HeatmapCells(map, layout).paths.enumerated().filter { !$1.isEmpty }.map {
      #"<path class="s\#($0)" d="\#($1)"/>"#
    }
    return """
      <g transform="translate(\(left) \(top)) scale(\(Format.fixed(columnWidth, 6)) 1)" stroke-width="\(layout.rowHeight)" fill="none" shape-rendering="crispEdges">
      \((grounds + paths).joined(separator: "\n"))
      </g>
      """
  }

  /// Pixels.
  private var columnWidth: Double {
    Double(HeatmapLayout.plotWidth) / Double(max(1, map.positions.count))
  }

  private var axis: String {
    let bottom = HeatmapLayout.top + layout.plotHeight
    // Where a column is one position, its mark stands below the middle of it.
    let middle = map.positions.size == 1 ? 0.5 : 0
    let ticks = HeatmapLayout.ticks(tokens: map.positions.total).map { position in
      let column = Double(position) / Double(map.positions.size) + middle
      let x = Format.fixed(Double(HeatmapLayout.left) + column * columnWidth, 1)
      return """
        <path class="tick" d="M\(x) \(bottom + 3)v5"/><text x="\(x)" y="\(bottom + 22)">\(Format.count(position))</text>
        """
    }
    let center = HeatmapLayout.left + HeatmapLayout.plotWidth / 2
    return """
      <g class="note" text-anchor="middle">
      \((ticks + [#"<text x="\#(center)" y="\#(bottom + 42)">token position</text>"#]).joined(separator: "\n"))
      </g>
      """
  }
}
