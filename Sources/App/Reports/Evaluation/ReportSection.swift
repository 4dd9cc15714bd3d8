import Evaluation
import Workflows

/// One evaluation's part of a folder's report.
struct ReportSection {
  /// A drawing in a file of its own.
  struct Picture {
    /// The file's name without its ending.
    let name: String
    let svg: String
  }

  /// The files' name without its ending.
  let name: String
  let title: String
  let explanation: String
  let origin: ResultOrigin
  let settings: [String: String]
  let started: String
  let seconds: Double
  let table: (headings: [String], rows: [[String]])
  let pictures: [Picture]
  let csv: String

  init(
    name: String, title: String, explanation: String, results: Results<some ResultCell>,
    table: (headings: [String], rows: [[String]]), pictures: [Picture], csv: String
  ) {
    (self.name, self.title, self.explanation) = (name, title, explanation)
    (origin, settings) = (results.origin, results.settings)
    (started, seconds) = (results.started, results.seconds)
    (self.table, self.pictures, self.csv) = (table, pictures, csv)
  }
}
