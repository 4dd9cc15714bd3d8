import Workflows

/// Needle heat maps as an SVG: a panel for each method and compression, lengths from left to right, depths
/// from top to bottom.
struct NeedleDrawing {
  private let report: NeedleReport
  private let columns: Int

  private static let cell = (width: 30, height: 14)
  private static let (left, top, gap) = (24, 76, 28)
  private static let caption = 24

  init(report: NeedleReport) {
    self.report = report
    columns = max(1, min(6, report.settings.count))
  }

  private var depths: [Double] { Array(Set(report.cells.map(\.depth))).sorted() }
  private var panelWidth: Int { max(164, report.lengths.count * Self.cell.width) }
  private var panelHeight: Int { Self.caption + depths.count * Self.cell.height + 18 }

  /// The whole file.
  var svg: String {
    let rows = (report.settings.count + columns - 1) / columns
    let width = max(520, 2 * Self.left + columns * (panelWidth + Self.gap) - Self.gap)
    let height = Self.top + rows * (panelHeight + Self.gap)
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" role="img" aria-label="needle in a haystack" font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="12">
      \(HeatmapStyle.css)
      <rect class="page" width="\(width)" height="\(height)"/>
      <text class="name" x="\(Self.left)" y="32">Needle in a haystack</text>
      <text x="\(Self.left)" y="54">filled: found. Left to right: \(report.lengths.map(String.init).joined(separator: ", ")) tokens; top to bottom: beginning to end.</text>
      \(report.settings.enumerated().map { panel($1, at: $0) }.joined(separator: "\n"))
      </svg>

      """
  }

  private func panel(_ setting: NeedleReport.Setting, at index: Int) -> String {
    let x = Self.left + index % columns * (panelWidth + Self.gap)
    let y = Self.top + index / columns * (panelHeight + Self.gap)
    let cells = report.cells(setting)
    let marks = cells.map { cell in
      let column = report.lengths.firstIndex(of: cell.length) ?? 0
      let row = depths.firstIndex(of: cell.depth) ?? 0
      return
        #"<rect class="\#(cell.found ? "f6" : "ground")" x="\#(column * Self.cell.width)" y="\#(Self.caption + row * Self.cell.height)" width="\#(Self.cell.width - 2)" height="\#(Self.cell.height - 2)"/>"#
    }
    return """
      <g transform="translate(\(x) \(y))">
      <text class="note" y="12">\(setting.name): \(cells.count(where: \.found)) of \(cells.count)</text>
      \(marks.joined(separator: "\n"))
      </g>
      """
  }
}
