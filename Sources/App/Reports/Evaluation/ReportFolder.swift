package import ByteIO
import Evaluation
package import QFilters
package import Workflows

/// A folder of results, with tables, pictures and a page that shows them all. Only one process at a
/// time uses it.
package struct ReportFolder {
  /// The name of the page that shows everything.
  package static let page = "index.html"

  let path: String
  private var lock: FolderLock?

  /// A folder of results, as it is.
  init(path: String) { self.path = path }

  /// Opens the folder, or makes it, before anything is measured.
  ///
  /// - Throws: `FolderInUse`, `ReplacementRefusal`, `OtherResults` if it holds another model's or
  ///   filter bank's results, `MalformedFile` if a file of results is invalid, `SystemError`.
  package init(
    _ path: String, for model: LoadedModel, _ bank: FilterBank?, replacesAnything: Bool
  ) throws {
    self.init(path: path)
    try Folder.create(path)
    guard let lock = try FolderLock(path) else { throw FolderInUse(path: path) }
    self.lock = lock
    let page = Folder.path(path, Self.page)
    try AtomicFile.checkWritable(page)
    if !replacesAnything { try OutputFile.check(page, as: .page) }
    let origin = ResultOrigin(model, bank)
    for section in try sections() {
      let differing = section.origin.identityDifferences(from: origin)
      guard differing.isEmpty else {
        throw OtherResults(
          path: Folder.path(path, section.name + ".json"),
          differing: differing.map { "other \($0)" },
          isOfOtherModel: true)
      }
    }
  }

  /// Writes a CSV file and SVGs for each evaluation, and `index.html`.
  ///
  /// - Throws: `MalformedFile` if a file of results is invalid, `SystemError`.
  package func write() throws {
    let sections = try sections()
    for section in sections {
      try write(section.csv, to: section.name + ".csv")
      for picture in section.pictures { try write(picture.svg, to: picture.name + ".svg") }
    }
    try write(ReportPage(sections: sections).html, to: Self.page)
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

/// Another run writes to a folder.
package struct FolderInUse: CategorisedError {
  let path: String

  package var category: FailureCategory { .other }

  package var description: String {
    "another run is writing to \(path); wait until it ends, or name another folder"
  }
}
