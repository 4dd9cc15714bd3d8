import CacheCodec

/// The cells of a heat map as SVG paths, one for each shade. Runs of equal shade are one line.
struct HeatmapCells {
  /// In a cell of shade 0 nothing survives, in a cell of the last shade everything.
  static let shades = 9

  private let map: SurvivalMap
  private let layout: HeatmapLayout

  init(_ map: SurvivalMap, _ layout: HeatmapLayout) {
    self.map = map
    self.layout = layout
  }

  /// How much of a cell survives, rounded up so that a single survivor is visible.
  private func shade(layer: Int, row: Int, column: Int) -> Int {
    let (kept, all) = (
      map.survivors(layer: layer, row: row, column: column), map.pairs(row: row, column: column)
    )
    return (kept * (Self.shades - 1) + all - 1) / all
  }

  /// One path for each shade but 0, in columns across and pixels down. Its stroke is as wide as a
  /// row is high. A line begins relative to the end of the previous one: the file stays small.
  var paths: [String] {
    var paths = [String](repeating: "", count: Self.shades)
    for layer in 0..<map.layers {
      for row in 0..<map.heads.count {
        // Twice the middle of the row, which may lie between two pixels.
        let middle = 2 * (layout.top(layer: layer) + row * layout.rowHeight) + layout.rowHeight
        let y = "\(middle / 2)" + (middle.isMultiple(of: 2) ? "" : ".5")
        var ends = [Int?](repeating: nil, count: Self.shades)
        for run in runs(layer: layer, row: row) where run.shade > 0 {
          let move = ends[run.shade].map { "m\(run.columns.lowerBound - $0) 0" }
          paths[run.shade] += move ?? "M\(run.columns.lowerBound) \(y)"
          paths[run.shade] += "h\(run.columns.count)"
          ends[run.shade] = run.columns.upperBound
        }
      }
    }
    return paths
  }

  private func runs(layer: Int, row: Int) -> [(shade: Int, columns: Range<Int>)] {
    var runs: [(shade: Int, columns: Range<Int>)] = []
    for column in 0..<map.positions.count {
      let shade = shade(layer: layer, row: row, column: column)
      if let last = runs.last, last.shade == shade {
        runs[runs.count - 1].columns = last.columns.lowerBound..<column + 1
      } else {
        runs.append((shade, column..<column + 1))
      }
    }
    return runs
  }
}
