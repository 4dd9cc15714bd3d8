import ByteIO
import FoundationEssentials
import Workflows

/// What `evaluate needle` found.
struct NeedleReport: Encodable {
  let cells: [Needle.Cell]

  /// A column of the table: a method at a compression.
  struct Setting: Hashable {
    let method: String
    let compression: Int

    var name: String { compression == 1 ? method : "\(method) ×\(compression)" }
  }

  /// All settings, in the order in which they were tried.
  var settings: [Setting] {
    cells.map { Setting(method: $0.method, compression: $0.compression) }.uniqued
  }

  /// The lengths that were tried, ascending. A text's own length depends on where it is cut.
  var lengths: [Int] { cells.map(\.length).uniqued.sorted() }

  func cells(_ setting: Setting) -> [Needle.Cell] {
    cells.filter { $0.method == setting.method && $0.compression == setting.compression }
  }

  /// How many were found, by setting and length.
  var table: String {
    var table = TextTable(
      "needles found", ["method"] + lengths.map { "\($0)" } + ["all"])
    for setting in settings {
      let cells = cells(setting)
      let counts = lengths.map { length in Self.count(cells.filter { $0.length == length }) }
      table.add([setting.name] + counts + [Self.count(cells)])
    }
    return table.description
  }

  private static func count(_ cells: [Needle.Cell]) -> String {
    "\(cells.count(where: \.found))/\(cells.count)"
  }

  /// A line for each cell.
  var csv: String {
    let lines = cells.map { cell in
      let text = cell.text.replacing("\"", with: "\"\"")
      return "\(cell.length),\(cell.tokens),\(Format.fixed(cell.depth, 4)),\(cell.method),"
        + "\(cell.compression),\(cell.found),\(cell.pairs),\"\(text)\"\n"
    }
    return "length,tokens,depth,method,compression,found,pairs,text\n" + lines.joined()
  }

  /// Writes `needle.json`, `needle.csv` and `needle.svg`.
  func write(to folder: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    try AtomicFile.write(Array(encoder.encode(self)), to: Folder.path(folder, "needle.json"))
    try AtomicFile.write(Array(csv.utf8), to: Folder.path(folder, "needle.csv"))
    try AtomicFile.write(
      Array(NeedleDrawing(report: self).svg.utf8), to: Folder.path(folder, "needle.svg"))
  }
}

extension Array where Element: Hashable {
  /// The elements, each where it first stood.
  fileprivate var uniqued: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
