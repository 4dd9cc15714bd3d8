public import Inference
import Tokenization

/// New tokens after a context.
public struct Generation: Sendable {
  /// The new tokens, without the one that ended the answer.
  public var ids: [Int] = []
  /// Their text.
  public var text = ""
  /// Seconds for all tokens but the first, which comes with the prefill.
  public var decodeSeconds = 0.0

  /// How long to go on and how to choose.
  public struct Options: Sendable {
    /// At most so many new tokens.
    public var maximumTokens: Int
    /// How to choose each.
    public var sampling: Sampler.Options
    /// What lets pairs go while generating; nil keeps all of them.
    public var eviction: Eviction?

    /// Stops after `maximumTokens` at the latest.
    public init(maximumTokens: Int, sampling: Sampler.Options, eviction: Eviction? = nil) {
      self.maximumTokens = maximumTokens
      self.sampling = sampling
      self.eviction = eviction
    }
  }

  /// Generates until the model ends its answer, the limit is reached, or the context is full.
  ///
  /// - Parameters:
  ///   - logits: Of the last token of the context.
  ///   - cache: The context's pairs, with room for the new ones.
  ///   - afterFirst: Called between the first token and the next, with the cache as it was.
  ///   - emit: Receives text as it becomes whole characters; its first call comes with the first token.
  /// - Throws: `EngineError.notFinite`.
  static func run(
    _ model: LoadedModel, cache: KVCache, logits: [Float], options: Options,
    afterFirst: () throws -> Void = {}, emit: (String) -> Void
  ) throws -> Generation {
    var result = Generation()
    var (sampler, decoder) = (Sampler(options.sampling), StreamingDecoder(model.tokenizer))
    var logits = logits
    let clock = Stopwatch()
    while result.ids.count < options.maximumTokens {
      let id = sampler.next(logits)
      if model.tokenizer.isEndOfGeneration(id) { break }
      result.ids.append(id)
      let piece = decoder.push(id)
      result.text += piece
      emit(piece)
      // Without a budget the context ends where the model's does.
      let isFull = options.eviction == nil && cache.nextPosition >= model.contextLength
      if result.ids.count == options.maximumTokens || isFull { break }
      if result.ids.count == 1 { try afterFirst() }
      logits = try model.engine.prefill([id], into: cache)
      options.eviction?.apply(to: cache)
    }
    result.decodeSeconds = clock.seconds
    let rest = decoder.finish()
    result.text += rest
    emit(rest)
    return result
  }
}
