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
    /// The same over the tokens that followed more than a budget of others; nil if there are none.
    public let meanAfterBudget: Double?
    /// e to the power of the first.
    public var perplexity: Double { exp(meanNegativeLogLikelihood) }
    /// e to the power of the second.
    public var perplexityAfterBudget: Double? { meanAfterBudget.map { exp($0) } }
  }

  /// Scores consecutive sequences, each with one forward pass and its whole cache, or, under a budget,
  /// token by token.
  ///
  /// - Throws: `PromptError` if the text is too short or a sequence too long, `IdentityMismatch` if the
  ///   budget's filters are another model's.
  public static func run(
    _ model: LoadedModel, text: [UInt8], sequences: Int, length: Int, eviction: Eviction?,
    progress: Progress
  ) throws -> Result {
    try eviction?.check(model)
    let parts = try Sequences.split(text, count: sequences, length: length, model: model)
    var total = 0.0
    var afterBudget = 0.0
    for (index, part) in parts.enumerated() {
      let report = { progress("score", index * length + $0, sequences * length) }
      if let eviction {
        let losses = try losses(model, part, eviction, progress: report)
        total += losses.reduce(0, +)
        afterBudget += losses.dropFirst(eviction.budget).reduce(0, +)
      } else {
        let cache = try KVCache(shape: model.engine.cacheShape, element: .f32, capacity: part.count)
        total += try model.engine.negativeLogLikelihood(part, into: cache, progress: report)
      }
    }
    let after = eviction.map { sequences * max(0, length - 1 - $0.budget) } ?? 0
    return Result(
      tokens: sequences * length,
      meanNegativeLogLikelihood: total / Double(sequences * (length - 1)),
      meanAfterBudget: after == 0 ? nil : afterBudget / Double(after))
  }

  /// −ln p of every token but the first, given the pairs that the budget left of those before it.
  private static func losses(
    _ model: LoadedModel, _ tokens: [Int], _ eviction: Eviction, progress: (Int) -> Void
  ) throws -> [Double] {
    let cache = try KVCache(
      shape: model.engine.cacheShape, element: .f32, capacity: eviction.budget + 1)
    return try zip(tokens, tokens.dropFirst()).enumerated().map { index, pair in
      let logits = try model.engine.prefill([pair.0], into: cache)
      eviction.apply(to: cache)
      progress(index + 2)
      return negativeLogLikelihood(of: pair.1, logits)
    }
  }

  private static func negativeLogLikelihood(of token: Int, _ logits: [Float]) -> Double {
    let greatest = Double(logits.reduce(-.infinity, max))
    let total = logits.reduce(0.0) { $0 + exp(Double($1) - greatest) }
    return log(total) + greatest - Double(logits[token])
  }
}
