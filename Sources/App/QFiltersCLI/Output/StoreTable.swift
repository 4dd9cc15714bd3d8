import Reports
import Workflows

/// The contexts of a store, in columns.
struct StoreTable: CustomStringConvertible {
  let description: String

  init(_ contents: Store.Contents) {
    var rows = [["name", "tokens", "own", "size", "in memory", "continues"]]
    rows += contents.entries.map { entry in
      [
        Format.printable(entry.name.description), Format.count(entry.tokens),
        Format.count(entry.count), Format.bytes(entry.bytes), Format.bytes(entry.cacheBytes),
        entry.parent.map { Format.printable($0.description) } ?? "",
      ]
    }
    let widths = (0..<5).map { column in rows.reduce(0) { max($0, $1[column].count) } }
    let lines = rows.map { row in
      let cells = zip(row, widths).enumerated().map { column, cell in
        Format.padded(cell.0, to: column == 0 ? cell.1 : -cell.1)
      }
      let line = (cells + [row[5]]).joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
    let total =
      "\(Format.count(contents.entries.count, "snapshot")), \(Format.bytes(contents.bytes))"
    description = (contents.entries.isEmpty ? [total] : lines + [total]).joined(separator: "\n")
  }
}
