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

  /// Rejects a part that `out` cannot hold, or that has no sequence.
  ///
  /// - Parameters:
  ///   - sums: What a part gives, in words.
  ///   - ending: That of a file of sums.
  ///   - sequences: How many there are in all.
  func check(sums: String, ending: String, out: String, sequences: Int) throws {
    guard out.hasSuffix(ending) || shard.count == 1 else {
      throw ValidationError("--shard gives \(sums): --out must end in \(ending).")
    }
    guard shard.count <= sequences else {
      throw ValidationError("--shard: there are only \(sequences) sequences.")
    }
  }
}

/// Checks the name of a file for filters or statistics.
func validateCalibrationOut(_ path: String) throws {
  guard path.hasSuffix(".qfilt") || path.hasSuffix(".qstat") else {
    throw ValidationError("--out must end in .qfilt or .qstat.")
  }
}
