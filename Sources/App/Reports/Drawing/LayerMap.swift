/// A figure for every layer and head: layers from left to right, heads from top to bottom, a panel
/// for each name.
struct LayerMap {
  /// One panel.
  struct Panel {
    let name: String
    let note: String
    /// [layers][heads], from −1 to 1; nil leaves a place empty.
    let values: [[Double?]]
  }

  let title: String
  let summary: String
  /// What a row is.
  let head: String
  let panels: [Panel]

  private static let (left, top, plotWidth) = (66, 84, 640)
  private static let caption = 22

  private var layers: Int { max(1, panels.map(\.values.count).max() ?? 1) }
  private var heads: Int { max(1, panels.flatMap(\.values).map(\.count).max() ?? 1) }
  private var cellWidth: Int { max(2, min(24, Self.plotWidth / layers)) }
  private var cellHeight: Int { max(3, min(16, 320 / heads)) }
  private var gap: Int { cellHeight > 5 && cellWidth > 5 ? 1 : 0 }
  private var panelHeight: Int { Self.caption + heads * cellHeight + 14 }
  private var hasNegative: Bool {
    panels.contains { $0.values.contains { $0.contains { $0 ?? 0 < 0 } } }
  }

  var svg: String {
    let bottom = Self.top + panels.count * panelHeight
    let parts = panels.enumerated().flatMap { panel($1, y: Self.top + $0 * panelHeight) }
    return SVG.document(
      width: 760, height: bottom + 70, label: "\(title): \(summary)", fontSize: 13,
      SVG.heading(title, summary, x: 24) + parts + [axis(y: bottom - 10)]
        + legend(y: bottom + 38))
  }

  private func panel(_ panel: Panel, y: Int) -> [Markup] {
    let cells = panel.values.enumerated().flatMap { layer, values in
      values.enumerated().compactMap { head, value in
        value.map { cell(layer: layer, head: head, value: $0) }
      }
    }
    let name = Markup(
      "tspan", ["class": "label \(MethodColour.name(panel.name))"], text: panel.name)
    return [
      Markup(
        "text", ["x": Self.left, "y": y + 12], inline: [name, Markup(text: " " + panel.note)]),
      Markup(
        "g", ["transform": "translate(\(Self.left) \(y + Self.caption))"], lines: cells),
    ]
  }

  private func cell(layer: Int, head: Int, value: Double) -> Markup {
    let figure = Format.fixed(value, 3)
    return Markup(
      "rect",
      [
        "class": Self.shade(value), "x": layer * cellWidth, "y": head * cellHeight,
        "width": cellWidth - gap, "height": cellHeight - gap,
      ], inline: [Markup("title", text: "layer \(layer), \(self.head) \(head): \(figure)")])
  }

  private func axis(y: Int) -> Markup {
    let step = [1, 2, 5, 10, 20, 50].first { $0 * cellWidth >= 24 } ?? 100
    let name = Markup(
      "text", ["x": Self.left - 10, "y": y + 12, "text-anchor": "end"], text: "layer")
    let marks = stride(from: 0, to: layers, by: step).map { layer in
      let x = Self.left + layer * cellWidth + cellWidth / 2
      return Markup("text", ["x": x, "y": y + 12, "text-anchor": "middle"], text: "\(layer)")
    }
    return Markup("g", ["class": "note"], lines: [name] + marks)
  }

  private func legend(y: Int) -> [Markup] {
    let low = hasNegative ? stride(from: -0.875, to: 0, by: 0.25).map { $0 } : []
    let shades = low + stride(from: 0.0625, to: 1, by: 0.125)
    let swatches = shades.enumerated().map { index, value in
      Markup(
        "rect",
        [
          "class": Self.shade(value), "x": Self.left + 30 + index * 26, "y": y, "width": 26,
          "height": 14,
        ])
    }
    let least = Markup(
      "text", ["class": "note", "x": Self.left + 22, "y": y + 11, "text-anchor": "end"],
      text: hasNegative ? "−1" : "0")
    let end = Self.left + 30 + shades.count * 26
    let greatest = Markup(
      "text", ["class": "note", "x": end + 8, "y": y + 11],
      text: "1; a column is one layer, a row one \(head)")
    return [least] + swatches + [greatest]
  }

  private static func shade(_ value: Double) -> String {
    value < 0
      ? "g\(min(4, 1 + Int(-value * 4)))" : "f\(min(8, 1 + Int(value * 8)))"
  }
}
