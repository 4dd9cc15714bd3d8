import ArgumentParser
import ByteIO
import CacheCodec
import CacheFormat
import QFilters
import Reports
import Transforms
import Workflows

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show what a snapshot, filter bank or statistics file holds.",
    discussion: """
      Digests are shortened; --json gives them whole. docs/inspect.md describes the keys of \
      --json and the heat map. If a snapshot continues another, only the file's own part is \
      shown, but the heat map shows the whole chain.

      Several files have one line each: kind, content, size, and model or parent. With --json, \
      their reports are under files. The exit code is that of the first file that cannot be read.
      """)

  @Argument(
    help: "Files of the format, or https:// addresses. Several have one line each.",
    completion: .container)
  var files: [String]
  @Option(
    help: ArgumentHelp(
      "Picture to write (.svg): which positions of a snapshot survive in which head.",
      valueName: "file"), completion: .file(extensions: ["svg"]))
  var heatmap: String?
  @Option(
    help: """
      With --heatmap: compression ×N. Default: 8, or the least stored N if greater. \
      \(Compression.inOtherWords)
      """)
  var compression: Int?
  @OptionGroup var parents: ParentOptions
  @OptionGroup var force: ForceOption
  @OptionGroup var report: ReportOptions

  func validate() throws {
    guard heatmap?.hasSuffix(".svg") ?? true else {
      throw ValidationError("--heatmap must end in .svg.")
    }
    guard heatmap == nil || files.count == 1 else {
      throw ValidationError("--heatmap takes one snapshot.")
    }
    guard heatmap != nil || compression == nil else {
      throw ValidationError("--compression needs --heatmap.")
    }
    guard heatmap != nil || parents.files.isEmpty else {
      throw ValidationError("--parent needs --heatmap.")
    }
    try Compression.validate(compression)
  }

  func run() throws {
    guard files.count == 1, let file = files.first else { return try showAll() }
    try force.check(heatmap, as: .drawing, reading: [file])
    let kind = try ContainerReader(path: file).header.kind
    guard heatmap == nil || kind == .snapshot else {
      throw ValidationError(
        "\(Address.shown(file)) is \(kind.name); only a snapshot has a heat map.")
    }
    switch kind {
    case .snapshot: try showSnapshot(file)
    case .filterBank: try show(FilterBankReport(try FilterBank(path: file)))
    case .statistics: try show(StatisticsReport(try StatisticsFile(path: file)))
    case .transform: try show(TransformReport(try TransformFile(path: file)))
    case .transformSums: try show(TransformSumsReport(try TransformSumsFile(path: file)))
    }
  }

  private func showAll() throws {
    let keys = try parents.keys.ring
    let summaries = files.map { FileSummary($0, keys: keys) }
    if report.json {
      try Terminal.json(["files": summaries])
    } else {
      Terminal.line(FileSummary.table(summaries))
    }
    for error in summaries.compactMap(\.error) { Terminal.failure(error, of: Self.self) }
    if let first = summaries.compactMap(\.error).first {
      throw Failure.exitCode(first) ?? ExitCode.failure
    }
  }

  private func showSnapshot(_ file: String) throws {
    let reader = try SnapshotReader(path: file, keys: parents.keys.ring)
    var snapshot = try SnapshotReport(reader)
    if let heatmap {
      let chain = try SnapshotChain(path: file, with: try parents.companions)
      ProgressBar.begin("draw \(Folder.name(of: heatmap))")
      let map = try Heatmap(chain, compression: compression)
      try map.write(to: heatmap)
      snapshot.heatmap = SnapshotReport.Drawing(file: heatmap, compression: map.compression)
    }
    try show(snapshot)
  }

  private func show(_ value: some Encodable & CustomStringConvertible) throws {
    if report.json { return try Terminal.json(value) }
    Terminal.line("\(value)")
  }
}
