import ByteIO
import CacheFormat
import Inference
import ModelFiles
import QFilters

/// Q-Filters for a model from a calibration corpus.
public enum Precompute {
  /// What was done.
  public struct Result: Sendable {
    /// Tokens that the statistics come from.
    public let tokens: Int
    /// Of these, tokens that an earlier run had finished before it was ended.
    public let resumedTokens: Int
    /// How long it took.
    public let seconds: Double
    /// The file's size.
    public let bytes: UInt64
  }

  private struct Origin: Encodable {
    let tokensSHA256: String
    let recipe: Recipe
  }

  /// Computes a model's Q-Filters and writes them to a filter bank, or the sums that they follow from to
  /// a statistics file.
  ///
  /// Finished sequences are kept beside `out` in a file with the ending `.partial` until all are done; a
  /// run that finds it goes on from there.
  ///
  /// - Parameters:
  ///   - corpus: Texts that are joined by two newlines and cut into consecutive sequences.
  ///   - shard: Which of them; for all but the whole, `out` is a statistics file.
  ///   - out: Ends in `.qfilt` or `.qstat`.
  /// - Throws: `SystemError`, `MalformedFile`, `PromptError`, `CalibrationError`, `PartialResult`.
  public static func run(
    _ model: LoadedModel, corpus: Corpus, recipe: Recipe, shard: Shard = .whole, out: String,
    progress: Progress
  ) throws -> Result {
    let sequences = try CorpusSequences(corpus, recipe: recipe, model: model)
    progress("read corpus", 0, 1)
    let set = try sequences.set()
    try AtomicFile.checkWritable(out)
    let clock = Stopwatch()
    var calibration = try Calibration(
      model, set, provenance: provenance(model, set), partialPath: out + ".partial")
    try calibration.checkResumed(in: shard)
    let resumed = calibration.tokens
    try calibration.run(sequences, shard: shard, progress: progress)
    let bytes = try write(calibration.file, to: out)
    try calibration.removePartialFile()
    return Result(
      tokens: calibration.tokens, resumedTokens: resumed, seconds: clock.seconds, bytes: bytes)
  }

  /// Writes statistics, or the filters that follow, by the ending of the path.
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

extension FilterShape {
  /// The shape of a model's filters.
  init(of model: ModelConfig) {
    self.init(layers: model.layers, kvHeads: model.kvHeads, headLength: model.keyLength)
  }
}
