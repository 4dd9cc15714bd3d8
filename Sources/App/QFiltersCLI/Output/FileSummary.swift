import ArgumentParser
import ByteIO
import CacheCodec
import CacheFormat
import QFilters
import Reports
import Transforms
import Workflows

/// One of several inspected files: a line for people, the whole report for scripts.
struct FileSummary: Encodable {
  private enum Key: String, CodingKey { case file, problem }

  let file: String
  private(set) var error: (any Error)?
  private var report: (any Encodable)?
  /// What it is, how much it holds, its size, and its model or parent.
  private var cells: [String] = []

  /// Reads as much as a report shows.
  init(_ file: String, keys: KeyRing) {
    self.file = Address.shown(file)
    do {
      let container = try ContainerReader(path: file)
      let size = Format.bytes(container.file.size)
      switch container.header.kind {
      case .snapshot:
        let reader = try SnapshotReader(path: file, keys: keys)
        let report = try SnapshotReport(reader)
        self.report = report
        cells = ["snapshot", Self.content(report), size, Self.origin(reader.metadata)]
      case .filterBank:
        let bank = try FilterBank(path: file)
        report = FilterBankReport(bank)
        cells = ["filter bank", "\(bank.shape)", size, FileOrigin.model(bank.provenance) ?? ""]
      case .transform:
        let file = try TransformFile(path: file)
        let report = TransformReport(file)
        self.report = report
        let components = Format.count(report.components, "component")
        cells = ["transform", components, size, FileOrigin.model(file.provenance) ?? ""]
      case .transformSums:
        let sums = try TransformSumsFile(path: file)
        report = TransformSumsReport(sums)
        let tokens = Format.count(sums.sequences.tokens, "token")
        cells = ["sums", tokens, size, FileOrigin.model(sums.provenance) ?? ""]
      case .statistics:
        let statistics = try StatisticsFile(path: file)
        report = StatisticsReport(statistics)
        let tokens = Format.count(statistics.statistics.tokens, "token")
        cells = ["statistics", tokens, size, FileOrigin.model(statistics.provenance) ?? ""]
      }
    } catch {
      self.error = error
      let isMissing = Failure.exitCode(error) == ExitCode(66)
      cells = [isMissing ? "missing" : "cannot be read", "", "", ""]
    }
  }

  private static func content(_ report: SnapshotReport) -> String {
    let tokens = Format.count(report.tokens, "token")
    return report.parent == nil ? tokens : "\(tokens), \(Format.count(report.ownTokens)) its own"
  }

  private static func origin(_ metadata: SnapshotMetadata) -> String {
    metadata.parent.map { "continues \($0.fileName)" } ?? FileOrigin.model(metadata.provenance)
      ?? ""
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(file, forKey: .file)
    if let error {
      try container.encode(Advice.sentence(error, of: InspectCommand.self), forKey: .problem)
    }
    try report?.encode(to: encoder)
  }

  /// A line for each, in columns.
  static func table(_ summaries: [FileSummary]) -> String {
    let rows = summaries.map { [$0.file] + $0.cells }.map { $0.map(Format.printable) }
    let widths = (0..<4).map { column in rows.reduce(0) { max($0, $1[column].count) } }
    return rows.map { row in
      let cells = zip(row, widths).enumerated().map { column, cell in
        // Sizes are aligned on the right, everything else on the left.
        Format.padded(cell.0, to: column == 3 ? -cell.1 : cell.1)
      }
      let line = (cells + [row[4]]).joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }
}
