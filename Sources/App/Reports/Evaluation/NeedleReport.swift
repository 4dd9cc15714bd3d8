package import Evaluation
import Platform
import QFilters
import Workflows

/// What `evaluate needle` found.
package struct NeedleReport {
  let results: Results<Needle.Cell>
  let task: Needle.Task

  package init(_ results: Results<Needle.Cell>, _ task: Needle.Task) {
    (self.results, self.task) = (results, task)
  }

  /// A column of the table: a method at a compression.
  struct Setting: Hashable {
    let method: String
    let compression: Int

    init(_ cell: Needle.Cell) { (method, compression) = (cell.method, cell.compression) }

    var name: String { compression == 1 ? method : "\(method) ×\(compression)" }
  }

  var cells: [Needle.Cell] { results.cells }

  /// All settings, in the order of measurement.
  var settings: [Setting] {
    cells.map(Setting.init).uniqued
  }

  var methods: [String] { cells.map(\.method).uniqued }

  /// The lengths that were asked for, ascending. A text's own length depends on where it is cut.
  var lengths: [Int] { cells.map(\.length).uniqued.sorted() }

  var title: String {
    switch task {
    case .needle: "Needle in a haystack"
    case .multiKey: "One of four needles in a haystack"
    case .multiValue: "Four needles in a haystack"
    case .variableTracking: "Variables in a haystack"
    }
  }

  /// Whether an answer is found or not, with nothing in between.
  private var isWhole: Bool { task == .needle || task == .multiKey }

  /// What a cell's colour means.
  var key: String {
    isWhole ? "Filled: found." : "The fuller the colour, the more of the answer was found."
  }

  func cells(_ setting: Setting) -> [Needle.Cell] {
    cells.filter { Setting($0) == setting }
  }

  /// How many were found; if an answer has parts, the share of parts.
  func count(_ cells: [Needle.Cell]) -> String {
    guard isWhole else {
      return cells.isEmpty ? "–" : Format.fixed(Self.share(cells) * 100, 1) + " %"
    }
    return "\(cells.count(where: \.found))/\(cells.count)"
  }

  /// The count, in brackets if all ranked methods hold the same.
  func bracketed(_ cells: [Needle.Cell]) -> String {
    !cells.isEmpty && cells.allSatisfy(isProtectedAlone) ? "(\(count(cells)))" : count(cells)
  }

  private static func share(_ cells: [Needle.Cell]) -> Double {
    cells.isEmpty ? 0 : cells.reduce(0) { $0 + $1.score } / Double(cells.count)
  }

  /// Whether the answer had nothing but sinks, window and the question.
  func isProtectedAlone(_ cell: Needle.Cell) -> Bool { cell.isProtectedAlone(results.settings) }

  /// Why some figures are in brackets, and pale in the drawing; nil if none are.
  var protectedNote: String? {
    cells.contains(where: isProtectedAlone) ? Format.protectedAlone : nil
  }

  /// How much was found, by setting and length; in brackets if all ranked methods hold the same.
  var rows: (headings: [String], rows: [[String]]) {
    let rows = settings.map { setting in
      let cells = cells(setting)
      let counts = lengths.map { length in bracketed(cells.filter { $0.length == length }) }
      return [setting.name] + counts + [bracketed(cells)]
    }
    return (["method"] + lengths.map { "\($0)" } + ["all"], rows)
  }

  /// The same for a terminal.
  package var table: String {
    let (headings, rows) = rows
    var table = TextTable("needles found", headings)
    for row in rows { table.add(row) }
    return table.description + (protectedNote.map { "\nIn brackets: \($0)" } ?? "")
  }

  /// A line for each cell.
  var csv: String {
    let lines = cells.map { cell in
      let text = cell.text.replacing("\"", with: "\"\"")
      return "\(cell.length),\(cell.tokens),\(Format.fixed(cell.depth, 4)),\(cell.method),"
        + "\(cell.compression),\(cell.found),\(Format.fixed(cell.score, 4)),\(cell.pairs),"
        + "\"\(text)\"\n"
    }
    return "length,tokens,depth,method,compression,found,score,pairs,text\n" + lines.joined()
  }

  private var ratioChart: LineChart {
    let comparable = results.comparable
    let texts = comparable.map { [Double($0.length), $0.depth] }.uniqued.count
    func share(_ setting: Setting) -> Double {
      Self.share(comparable.filter { Setting($0) == setting })
    }
    let settings = comparable.map(Setting.init).uniqued
    let compressed = settings.filter { $0.method != "full" }
    return LineChart(
      title: "\(title): quality against compression",
      summary:
        texts == 0
        ? "There is no text that all methods have."
        : "Share of answers found, over \(Format.count(texts, "text")) that all methods have.",
      xName: "compression", yName: "found",
      marks: LineChart.compressionMarks(compressed.map(\.compression)),
      levels: settings.filter { $0.method == "full" }.map { ($0.method, share($0)) },
      series: methods.filter { $0 != "full" }.map { method in
        LineChart.Series(
          method: method,
          points: compressed.filter { $0.method == method }.map {
            (log2(Double($0.compression)), share($0))
          }.sorted { $0.0 < $1.0 })
      },
      least: 0...1)
  }

  var section: ReportSection {
    ReportSection(
      name: task.rawValue, title: title, explanation: explanation, results: results, table: rows,
      pictures: [
        .init(name: task.rawValue, svg: NeedleDrawing(report: self).svg),
        .init(name: "\(task.rawValue)-ratio", svg: ratioChart.svg),
      ], csv: csv)
  }

  private var explanation: String {
    let what =
      switch task {
      case .needle: "A sentence is hidden in a long text, and the model is asked for it."
      case .multiKey: "Four things, each with a number, are hidden; one is asked for."
      case .multiValue: "Four numbers of one thing are hidden, and all are asked for."
      case .variableTracking:
        "Five variables are set to each other, the first to a number; all are asked for."
      }
    return what
      + " The text is prefilled once; each method and compression ×N answers from its own "
      + "1/N of the pairs." + (protectedNote.map { " In brackets, and pale: \($0)" } ?? "")
  }
}
