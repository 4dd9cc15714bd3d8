import ArgumentParser
import Evaluation
import Reports
import Workflows

struct SnapshotsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "snapshots",
    abstract: "Measure what precisions change: snapshots of one context against the first.",
    discussion: """
      The model predicts the tokens of a text that follows the context, in float32, from each \
      snapshot's whole cache. The report has each file's size, the divergence of the predictions \
      from the first snapshot's, and the mean −ln p of the tokens.
      """)

  @Argument(help: "Snapshots of one context, the reference first.", completion: .snapshot)
  var snapshots: [String]
  @OptionGroup var companions: CompanionOptions
  @OptionGroup var model: ModelOption
  @Option(help: "UTF-8 text that follows the context; - for standard input.", completion: .text)
  var file: String
  @Option(help: "Number of its tokens to predict.") var continuation = 384
  @OptionGroup var report: ReportOptions

  func validate() throws {
    guard (2...SnapshotFidelity.mostContinuation).contains(continuation) else {
      throw ValidationError(
        "--continuation must be from 2 to \(SnapshotFidelity.mostContinuation).")
    }
  }

  func run() throws {
    let text = try TextFile.read(file)
    let rows = try SnapshotFidelity.run(
      try model.load(isExact: true), snapshots: snapshots, with: try companions.companions,
      text: text, count: continuation, progress: ProgressBar().show)
    if report.json { return try Terminal.json(["snapshots": rows]) }
    Terminal.line(SnapshotFidelityReport(rows).description)
  }
}
