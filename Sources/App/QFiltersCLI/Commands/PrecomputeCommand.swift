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

  private struct Report: Encodable {
    let tokens: Int
    let resumedTokens: Int
    let seconds: Double
    let bytes: UInt64
  }

  func validate() throws {
    try validateCalibrationOut(out)
    guard let shard = shard?.shard else { return }
    guard out.hasSuffix(".qstat") || shard.count == 1 else {
      throw ValidationError("--shard gives statistics: --out must end in .qstat.")
    }
    guard shard.count <= calibration.sequences else {
      throw ValidationError("--shard: there are only \(calibration.sequences) sequences.")
    }
  }

  func run() throws {
    try force.check(out, as: .calibration(out))
    let bar = ProgressBar()
    let result = try Precompute.run(
      try model.load(.mapped), corpus: calibration.corpusFiles, recipe: calibration.recipe,
      shard: shard?.shard ?? .whole, out: out, progress: bar.show)
    if report.json {
      return try Terminal.json(
        Report(
          tokens: result.tokens, resumedTokens: result.resumedTokens, seconds: result.seconds,
          bytes: result.bytes))
    }
    let what = out.hasSuffix(".qfilt") ? "Q-Filters" : "statistics"
    let resumed =
      result.resumedTokens > 0 ? ", \(result.resumedTokens) of them by an earlier run" : ""
    Terminal.line(
      "\(out): \(what) from \(result.tokens) tokens\(resumed) in "
        + "\(Format.seconds(result.seconds)), \(Format.bytes(result.bytes))")
  }
}
