import ArgumentParser
import Reports
import Workflows

struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge", abstract: "Add up calibration statistics, or sums for a transform.",
    discussion: """
      The files are shards of one recipe for one model, in any order. Statistics can be added up \
      step by step. A filter bank or a transform needs all shards. It is byte for byte what one \
      run of `precompute` or `transform` writes.
      """)

  @Argument(help: "Statistics (.qstat), or sums (.qtsum).", completion: .statistics) var files:
    [String]
  @Option(
    help: ArgumentHelp(
      "Filter bank (.qfilt) or statistics to write; from sums: transform (.qtrans) or sums.",
      valueName: "file"),
    completion: .calibration)
  var out: String
  @OptionGroup var force: ForceOption
  @OptionGroup var report: ReportOptions

  private struct Report: Encodable {
    let tokens, sequences, sequencesOfRecipe: Int
    let bytes: UInt64
  }

  func validate() throws {
    guard !files.isEmpty else { throw ValidationError("Give at least one statistics file.") }
    guard [".qfilt", ".qstat", ".qtrans", ".qtsum"].contains(where: out.hasSuffix) else {
      throw ValidationError("--out must end in .qfilt or .qstat; from sums, in .qtrans or .qtsum.")
    }
  }

  func run() throws {
    try force.check(out, as: .calibration(out), reading: files)
    ProgressBar.begin("merge")
    let result = try Merge.run(files, out: out)
    if report.json {
      return try Terminal.json(
        Report(
          tokens: result.tokens, sequences: result.sequences, sequencesOfRecipe: result.of,
          bytes: result.bytes))
    }
    let what =
      switch OutputFile.Kind.calibration(out) {
      case .filterBank: "Q-Filters"
      case .transform: "a transform"
      case .transformSums: "sums"
      default: "statistics"
      }
    Terminal.line(
      "\(out): \(what) from \(result.tokens) tokens, \(result.sequences) of \(result.of) "
        + "sequences, \(Format.bytes(result.bytes))")
  }
}
