import Evaluation
import Workflows

/// Needle heat maps as an SVG: a row of panels for each method, a panel for each compression. In a
/// panel, lengths run from left to right, depths from top to bottom.
struct NeedleDrawing {
  private let report: NeedleReport
  private let compressions: [Int]

  private static let (margin, top) = (24, 108)
  private static let (gap, caption) = (16, 22)

  init(report: NeedleReport) {
    self.report = report
    compressions = Set(report.settings.map(\.compression)).sorted()
  }

  /// Where panels begin: after the longest name of a method.
  private var left: Int { Self.margin + 16 + (report.methods.map(SVG.width).max() ?? 0) }
  private var depths: [Double] { Array(Set(report.cells.map(\.depth))).sorted() }
  private var cellWidth: Int { max(8, min(30, 120 / max(1, report.lengths.count))) }
  private var cellHeight: Int { max(5, min(14, 140 / max(1, depths.count))) }
  private var panelWidth: Int { max(92, report.lengths.count * cellWidth) }
  private var panelHeight: Int { Self.caption + depths.count * cellHeight + Self.gap }

  /// The whole file. A method has a panel for each compression; the whole cache has one.
  var svg: String {
    let methods = report.methods
    let columns = methods.map { method in report.settings.count { $0.method == method } }.max() ?? 1
    let text = ([report.title, summary, key] + [protectedNote].compactMap(\.self)).map(SVG.width)
    let panels = left - Self.margin + columns * (panelWidth + Self.gap)
    return SVG.document(
      width: max(620, panels + 2 * Self.margin, (text.max() ?? 0) + 2 * Self.margin),
      height: Self.top + methods.count * panelHeight + 24, label: "\(report.title): found",
      SVG.heading(report.title, summary, x: Self.margin) + notes
        + methods.enumerated().flatMap { row($1, y: Self.top + $0 * panelHeight) })
  }

  private var summary: String {
    let lengths = report.lengths.map { Format.count($0) }.joined(separator: ", ")
    return "Lengths from left to right: \(lengths) tokens."
  }

  private var key: String { "Depths from top to bottom, beginning to end. \(report.key)" }
  private var protectedNote: String? { report.protectedNote.map { "Pale: \($0)" } }

  private var notes: [Markup] {
    let lines = [(key, 76)] + (protectedNote.map { [($0, 94)] } ?? [])
    return lines.map { text, y in
      Markup("text", ["class": "note", "x": Self.margin, "y": y], text: text)
    }
  }

  private func row(_ method: String, y: Int) -> [Markup] {
    let settings = report.settings.filter { $0.method == method }
    let label = Markup(
      "text",
      [
        "class": "label \(MethodColour.name(method))", "x": Self.margin,
        "y": y + Self.caption + 12,
      ], text: method)
    return [label]
      + settings.enumerated().map { index, setting in
        panel(setting, x: left + index * (panelWidth + Self.gap), y: y)
      }
  }

  private func panel(_ setting: NeedleReport.Setting, x: Int, y: Int) -> Markup {
    let cells = report.cells(setting)
    let caption = Markup(
      "text", ["class": "note", "y": 13],
      text: "×\(setting.compression): \(report.bracketed(cells))")
    return Markup(
      "g", ["transform": "translate(\(x) \(y))"], lines: [caption] + cells.map { mark($0, setting) }
    )
  }

  private func mark(_ cell: Needle.Cell, _ setting: NeedleReport.Setting) -> Markup {
    let column = report.lengths.firstIndex(of: cell.length) ?? 0
    let row = depths.firstIndex(of: cell.depth) ?? 0
    let depth = Format.fixed(cell.depth * 100, 0)
    return Markup(
      "rect",
      [
        "class": Self.shade(cell.score), "x": column * cellWidth,
        "y": Self.caption + row * cellHeight, "width": cellWidth - 2, "height": cellHeight - 2,
        "opacity": report.isProtectedAlone(cell) ? "0.4" : nil,
      ],
      inline: [
        Markup(
          "title",
          text: "\(setting.name), \(cell.length) tokens, depth \(depth) %: "
            + String(cell.text.prefix(200)))
      ])
  }

  private static func shade(_ score: Double) -> String {
    score == 0 ? "ground" : "f\(max(1, Int(score * 6)))"
  }
}
