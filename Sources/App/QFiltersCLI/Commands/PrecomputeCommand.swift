import ArgumentParser
import Reports
import Workflows

struct PrecomputeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "precompute", abstract: "Compute a model's Q-Filters from a calibration corpus.",
    discussion: """
      The corpus is text files, and JSON Lines with one document a line (.jsonl, .ndjson, .json), \
      plain or compressed with zstd (.txt.zst, .jsonl.zst). Documents are joined by two newlines \
      and cut into consecutive sequences. The defaults are the recipe of the paper's authors: 20 \
      sequences of 2,048 tokens.

      With --shard I/N only every Nth sequence is summed, beginning with the Ith. `merge` makes \
      the filter bank that one run would have made. The same command continues an interrupted \
      run. Until all sequences are done, a .partial file next to --out keeps \
      those that are finished.
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var calibration: CalibrationOptions
  @Option(help: "Part of the sequences, such as 2/7. Default: all.") var shard: ShardOption?
  @Option(
    help: ArgumentHelp("Filter bank (.qfilt) or statistics (.qstat) to write.", valueName: "file"),
    completion: .calibration)
  var out: String
  @OptionGroup var force: ForceOption
  @OptionGroup var report: ReportOptions

  func validate() throws {
    try validateCalibrationOut(out)
    try shard?.check(
      sums: "statistics", ending: ".qstat", out: out, sequences: calibration.sequences)
  }

  func run() throws {
    try force.check(out, as: .calibration(out))
    let bar = ProgressBar()
    let result = try Precompute.run(
      try model.load(.mapped), corpus: calibration.corpusFiles, recipe: calibration.recipe,
      shard: shard?.shard ?? .whole, out: out, progress: bar.show)
    let what = out.hasSuffix(".qfilt") ? "Q-Filters" : "statistics"
    try report.show(result, out: out, what: what)
  }
}
