package import Inference

/// Generation without a snapshot.
package enum Generate {
  /// The new tokens, and how long they took.
  package struct Result: Sendable {
    /// The new tokens.
    package let generation: GenerationResult
    /// Tokens of the prompt.
    package let promptTokens: Int
    /// Seconds from the prompt's first token to the first new one.
    package let prefillSeconds: Double
  }

  /// Prefills a prompt and continues it.
  ///
  /// - Parameters:
  ///   - text: UTF-8.
  ///   - usesChat: Wraps the text in the model's chat template.
  ///   - element: How the cache holds keys and values.
  /// - Throws: `PromptError`, `TokenizationError`.
  package static func run(
    _ model: LoadedModel, text: [UInt8], usesChat: Bool, element: KVCache.DType,
    options: GenerationConfig, progress: Progress, emit: (String) -> Void
  ) throws -> Result {
    guard !text.isEmpty else { throw PromptError.empty(source: "the prompt") }
    let tokens = try Prompt.tokens(text, usesChat: usesChat, model: model)
    // A vocabulary has no token for some texts.
    guard !tokens.isEmpty else { throw PromptError.empty(source: "the prompt") }
    if options.eviction == nil { try Prompt.checkLength(tokens.count, model) }
    try options.eviction?.check(model)
    let shape = model.engine.cacheShape
    let room =
      options.eviction?.room(tokens: Engine.chunk)
      ?? min(model.contextLength, tokens.count + options.maximumTokens)
    let cache = try KVCache(shape: shape, dtype: element, capacity: room)
    let evictor = options.eviction?.evictor(of: cache, engine: model.engine)
    let clock = Stopwatch()
    progress("prefill", 0, tokens.count)
    let logits = try model.engine.prefill(tokens, into: cache) {
      evictor?.apply()
      progress("prefill", $0, tokens.count)
    }
    let seconds = clock.seconds
    let generation = try GenerationResult.run(
      model, cache: cache, logits: logits, options: options, evictor: evictor, emit: emit)
    return Result(generation: generation, promptTokens: tokens.count, prefillSeconds: seconds)
  }
}
