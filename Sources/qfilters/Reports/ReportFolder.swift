import ByteIO
import Workflows

/// A folder of results, with tables and pictures of all that it holds and a page that shows them.
struct ReportFolder {
  let path: String

  /// Writes a CSV file and SVGs for each evaluation, and `index.html`.
  ///
  /// - Throws: `MalformedFile` if a file of results is not sound, `SystemError`.
  func write() throws {
    let sections = try sections()
    for section in sections {
      try write(section.csv, to: section.name + ".csv")
      for picture in section.pictures { try write(picture.svg, to: picture.name + ".svg") }
    }
    try write(ReportPage(sections: sections).html, to: "index.html")
  }

  private func sections() throws -> [ReportSection] {
    var sections: [ReportSection] = []
    for task in Needle.Task.allCases {
      if let results: Results<Needle.Cell> = try results(task.rawValue) {
        sections.append(NeedleReport(results, task).section)
      }
    }
    if let results: Results<Perplexity.Cell> = try results("perplexity") {
      sections.append(PerplexityReport(results).section)
    }
    if let results: Results<Perplexity.Cell> = try results("continuation") {
      sections.append(ContinuationReport(results).section)
    }
    if let results: Results<Fidelity.Cell> = try results("fidelity") {
      sections.append(FidelityReport(results).section)
    }
    if let results: Results<FilterEnergy.Cell> = try results("energy") {
      sections.append(EnergyReport(results).section)
    }
    return sections
  }

  private func results<Cell>(_ name: String) throws -> Results<Cell>? {
    let results = try Results<Cell>(ifPresentAt: Folder.path(path, name + ".json"))
    return results.flatMap { $0.cells.isEmpty ? nil : $0 }
  }

  private func write(_ text: String, to name: String) throws {
    try AtomicFile.write(Array(text.utf8), to: Folder.path(path, name))
  }
}
