import ByteIO
import CacheFormat
import Inference
import ModelFiles
import QFilters

/// Q-Filters for a model from a calibration corpus.
public enum Precompute {
  /// How much text to use.
  public struct Recipe: Sendable, Encodable {
    /// How many sequences.
    public var sequences: Int
    /// Tokens in each.
    public var length: Int

    /// `sequences` of `length` tokens; the authors use 20 of 2,048.
    public init(sequences: Int, length: Int) {
      self.sequences = sequences
      self.length = length
    }
  }

  /// What was done.
  public struct Result: Sendable {
    /// Tokens that the statistics come from.
    public let tokens: Int
    /// How long it took.
    public let seconds: Double
    /// The file's size.
    public let bytes: UInt64
  }

  private struct Origin: Encodable {
    let corpusSHA256: String
    let recipe: Recipe
  }

  /// Computes a model's Q-Filters and writes them to a `.qfilt` file.
  ///
  /// - Parameter corpus: Texts that are joined by two newlines and cut into consecutive sequences.
  /// - Throws: `SystemError`, `PromptError`, `CalibrationError`.
  public static func run(
    _ model: LoadedModel, corpus: [String], recipe: Recipe, out: String, progress: Progress
  ) throws -> Result {
    let text = try TextFile.join(corpus)
    let sequences = try Sequences.split(
      text, count: recipe.sequences, length: recipe.length, model: model)
    try AtomicFile.checkWritable(out)
    let clock = Stopwatch()
    let statistics = try calibrate(model, sequences, progress)
    let origin = Origin(corpusSHA256: Digest(of: text).description, recipe: recipe)
    let bank = FilterBank(
      identity: model.identity, shape: statistics.shape, filters: try statistics.filters(),
      provenance: try Provenance.json(model: model.file.name, origin: origin))
    let bytes = try bank.write(to: out)
    return Result(tokens: statistics.tokens, seconds: clock.seconds, bytes: bytes)
  }

  private static func calibrate(
    _ model: LoadedModel, _ sequences: [[Int]], _ progress: Progress
  ) throws -> CalibrationStatistics {
    let architecture = model.engine.architecture
    var statistics = CalibrationStatistics(
      shape: FilterShape(of: architecture), queryHeads: architecture.queryHeads)
    let total = sequences.reduce(0) { $0 + $1.count }
    for (index, sequence) in sequences.enumerated() {
      let cache = try KVCache(
        shape: model.engine.cacheShape, element: .f32, capacity: sequence.count)
      try model.engine.observe(
        sequence, into: cache,
        progress: { progress("calibrate", index * sequence.count + $0, total) },
        observe: { layer, queries, count in
          try statistics.add(layer: layer, queries: queries.leadingRows(count), count: count)
        })
    }
    return statistics
  }
}

extension FilterShape {
  /// The shape of a model's filters.
  init(of model: ArchitectureDescription) {
    self.init(layers: model.layers, kvHeads: model.kvHeads, headLength: model.keyLength)
  }
}
