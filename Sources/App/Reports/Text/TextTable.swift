/// A captioned table: rows of figures under their headings, aligned on the right, two spaces apart.
struct TextTable: CustomStringConvertible {
  private let caption: String
  private var rows: [(cells: [String], note: String)]

  /// A table with these headings and no rows yet.
  init(_ caption: String, _ headings: [String]) {
    self.caption = caption
    rows = [(headings, "")]
  }

  /// Adds a row with a cell for each heading, and a note after them.
  mutating func add(_ cells: [String], _ note: String = "") { rows.append((cells, note)) }

  var description: String {
    let widths = (rows.first?.cells.indices ?? 0..<0).map { column in
      rows.reduce(0) { max($0, $1.cells[column].count) }
    }
    let lines = rows.map { cells, note in
      let line = zip(cells, widths).reduce("") { $0 + "  " + Format.aligned($1.0, $1.1) }
      return note.isEmpty ? line : line + "  " + note
    }
    return ([caption] + lines).joined(separator: "\n")
  }
}
