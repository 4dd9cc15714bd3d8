public import Inference

/// Generation without a snapshot.
public enum Generate {
  /// What came out, and how long it took.
  public struct Result: Sendable {
    /// The new tokens.
    public let generation: GenerationResult
    /// Tokens of the prompt.
    public let promptTokens: Int
    /// Seconds from the prompt's first token to the first new one.
    public let prefillSeconds: Double
  }

  /// Prefills a prompt and goes on from it.
  ///
  /// - Parameters:
  ///   - text: UTF-8.
  ///   - usesChat: Wraps the text in the model's chat template.
  ///   - element: How the cache holds keys and values.
  /// - Throws: `PromptError`, `TokenizationError`.
  public static func run(
    _ model: LoadedModel, text: [UInt8], usesChat: Bool, element: KVCache.DType,
    options: GenerationConfig, progress: Progress, emit: (String) -> Void
  ) throws -> Result {
    guard !text.isEmpty else { throw PromptError.empty(source: "the prompt") }
    let tokens = try Prompt.tokens(text, usesChat: usesChat, model: model)
    // Of some texts a vocabulary has no token.
    guard !tokens.isEmpty else { throw PromptError.empty(source: "the prompt") }
    if options.eviction == nil { try Prompt.checkLength(tokens.count, model) }
    try options.eviction?.check(model)
    let room =
      options.eviction?.room ?? min(model.contextLength, tokens.count + options.maximumTokens)
    let cache = try KVCache(shape: model.engine.cacheShape, dtype: element, capacity: room)
    let clock = Stopwatch()
    progress("prefill", 0, tokens.count)
    let logits = try model.engine.prefill(tokens, into: cache) {
      options.eviction?.apply(to: cache)
      progress("prefill", $0, tokens.count)
    }
    let seconds = clock.seconds
    let generation = try GenerationResult.run(
      model, cache: cache, logits: logits, options: options, emit: emit)
    return Result(generation: generation, promptTokens: tokens.count, prefillSeconds: seconds)
  }
}
