import ArgumentParser
import QFilters
import Workflows

/// `--corpus` and the recipe of a calibration.
struct CalibrationOptions: ParsableArguments {
  @OptionGroup var texts: CorpusOptions
  @Option(help: "Number of sequences.") var sequences = 20
  @Option(help: "Tokens in each sequence.") var length = 2048

  @Flag(
    help: """
      Filters alone, without the linear score that budgets by head need. Takes about a third of \
      the time.
      """)
  var noBudgets = false

  func validate() throws {
    try CorpusOptions.check(sequences: sequences, length: length, atLeast: 2)
    guard noBudgets || length > LinearScoreSums.sinks else {
      throw ValidationError(
        "Budgets by head need a --length of more than \(LinearScoreSums.sinks); "
          + "--no-budgets learns none.")
    }
  }

  var corpusFiles: Corpus { Corpus(paths: texts.corpus, field: texts.field) }
  var recipe: Precompute.Recipe {
    .init(sequences: sequences, length: length, learnsBudgets: !noBudgets)
  }
}

/// `--shard I/N`.
struct ShardOption: ExpressibleByArgument {
  let shard: Precompute.Shard

  init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let index = Int(parts[0]), let count = Int(parts[1]), index >= 1,
      index <= count
    else { return nil }
    shard = Precompute.Shard(index: index, of: count)
  }
}

/// Checks the name of a file for filters or statistics.
func validateCalibrationOut(_ path: String) throws {
  guard path.hasSuffix(".qfilt") || path.hasSuffix(".qstat") else {
    throw ValidationError("--out must end in .qfilt or .qstat.")
  }
}
