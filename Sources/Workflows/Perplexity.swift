import Glibc
import Inference

/// Language modelling over a text.
public enum Perplexity {
  /// What was measured.
  public struct Result: Sendable {
    /// Tokens that went through the model.
    public let tokens: Int
    /// The mean of −ln p(token | those before it) over all but each sequence's first.
    public let meanNegativeLogLikelihood: Double
    /// e to that power.
    public var perplexity: Double { exp(meanNegativeLogLikelihood) }
  }

  /// Scores consecutive sequences, each with its whole cache and one forward pass.
  ///
  /// - Throws: `PromptError` if the text is too short or a sequence too long.
  public static func run(
    _ model: LoadedModel, text: [UInt8], sequences: Int, length: Int, progress: Progress
  ) throws -> Result {
    let parts = try Sequences.split(text, count: sequences, length: length, model: model)
    var total = 0.0
    for (index, part) in parts.enumerated() {
      let cache = try KVCache(shape: model.engine.cacheShape, element: .f32, capacity: part.count)
      total += try model.engine.negativeLogLikelihood(part, into: cache) {
        progress("score", index * length + $0, sequences * length)
      }
    }
    return Result(
      tokens: sequences * length,
      meanNegativeLogLikelihood: total / Double(sequences * (length - 1)))
  }
}
