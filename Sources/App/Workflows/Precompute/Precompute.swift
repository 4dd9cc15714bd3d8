import ByteIO
import CacheFormat
import Inference
import ModelFiles
import QFilters

/// Q-Filters for a model from a calibration corpus.
package enum Precompute {
  /// What was done.
  package struct Result: Sendable {
    /// The number of tokens that were summed.
    package let tokens: Int
    /// How many of them an interrupted run had summed before.
    package let resumedTokens: Int
    /// How long it took.
    package let seconds: Double
    /// The file's size.
    package let bytes: UInt64
  }

  private struct Origin: Encodable {
    let tokensSHA256: String
    let recipe: Recipe
  }

  /// Computes a model's Q-Filters and writes them to a filter bank, or their sums to a statistics
  /// file.
  ///
  /// Finished sequences are kept next to `out` in a file with the ending `.partial` until all are
  /// done. A run that finds this file continues from it.
  ///
  /// - Parameters:
  ///   - corpus: Texts that are joined by two newlines and cut into consecutive sequences.
  ///   - shard: Which of the sequences to use. Unless it is the whole, `out` is a statistics file.
  ///   - out: Ends in `.qfilt` or `.qstat`.
  /// - Throws: `SystemError`, `MalformedFile`, `PromptError`, `CalibrationError`, `PartialResult`.
  package static func run(
    _ model: LoadedModel, corpus: Corpus, recipe: Recipe, shard: Shard = .whole, out: String,
    progress: Progress
  ) throws -> Result {
    try check(recipe, model)
    let sequences = try CorpusSequences(corpus, recipe: recipe, model: model)
    progress("read corpus", 0, 1)
    let set = try sequences.set()
    try AtomicFile.checkWritable(out)
    let clock = Stopwatch()
    var calibration = try Calibration(
      model, set, learnsBudgets: recipe.learnsBudgets, provenance: provenance(model, set),
      partialPath: out + Calibration.partialEnding)
    try calibration.checkResumed(in: shard)
    let resumed = calibration.tokens
    try calibration.run(sequences, shard: shard, progress: progress)
    let bytes = try write(calibration.file, to: out)
    try calibration.removePartialFile()
    return Result(
      tokens: calibration.tokens, resumedTokens: resumed, seconds: clock.seconds, bytes: bytes)
  }

  /// Rejects a recipe that the model cannot follow.
  static func check(_ recipe: Recipe, _ model: LoadedModel) throws(PromptError) {
    guard recipe.learnsBudgets, let longest = model.engine.architecture.rope.longestAlike,
      recipe.length > longest
    else { return }
    throw .sequenceBeyondRoPE(tokens: recipe.length, longest: longest)
  }

  /// Writes statistics, or their filters, by the ending of the path.
  static func write(_ file: StatisticsFile, to path: String) throws -> UInt64 {
    try path.hasSuffix(".qfilt") ? FilterBank(file).write(to: path) : file.write(to: path)
  }

  private static func provenance(_ model: LoadedModel, _ set: SequenceSet) throws -> String {
    try Provenance.json(
      model: model.file.name,
      origin: Origin(
        tokensSHA256: set.corpus.description,
        recipe: Recipe(sequences: set.count, length: set.length)))
  }
}
