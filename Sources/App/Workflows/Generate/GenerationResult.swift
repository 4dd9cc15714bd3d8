package import Inference
import Tokenization

/// Tokens of an answer that are known before they are sampled.
package struct GivenTokens: Sendable {
  /// Those that follow the first. The cache holds the pairs of the first and of all of these, but
  /// not of a token that ends the answer.
  let ids: [Int]
  /// The logits after the last pair.
  let logits: [Float]
}

/// The tokens that continue a context.
package struct GenerationResult: Sendable {
  /// The new tokens, without the one that ended the answer.
  package var ids: [Int] = []
  /// Their text.
  package var text = ""
  /// Seconds for all tokens but the first, which the prefill gives.
  package var decodeSeconds = 0.0
  /// Why there are no more tokens.
  package var stop = Stop.length

  /// Why an answer ended.
  package enum Stop: String, Sendable, Codable {
    /// The model ended it.
    case end
    /// It has the maximum number of tokens.
    case length
    /// The model has no position left for another token.
    case context
    /// It came to one of the texts before which it was to end.
    case string
    /// It was asked to stop.
    case interrupted
  }

  /// Generates until the model ends its answer, the limit is reached, the context is full, or the
  /// user interrupts it.
  ///
  /// - Parameters:
  ///   - logits: The logits of the context's last token.
  ///   - cache: The context's pairs, with room for the new ones.
  ///   - evictor: Drops pairs of the cache after each token.
  ///   - afterFirst: Called between the first token and the next, with the first. It may give
  ///     tokens that follow.
  ///   - emit: Receives text as it becomes whole characters; its first call comes with the first
  ///     token.
  /// - Throws: `EngineError.notFinite`.
  package static func run(
    _ model: LoadedModel, cache: KVCache, logits: [Float], options: GenerationConfig,
    evictor: (any Evictor)? = nil,
    afterFirst: (_ first: Int) throws -> GivenTokens? = { _ in nil }, emit: (String) -> Void
  ) throws -> GenerationResult {
    var result = GenerationResult()
    var (sampler, decoder) = (Sampler(options.sampling), StreamingDecoder(model.tokenizer))
    var stops = StopStrings(options.stopStrings)
    var (logits, given) = (logits, ArraySlice<Int>())
    let (clock, start) = (Stopwatch(), cache.nextPosition)
    while result.ids.count < options.maximumTokens {
      let isGiven = !given.isEmpty
      let id = given.popFirst() ?? sampler.next(logits)
      sampler.take(id)
      if model.tokenizer.isEndOfGeneration(id) {
        result.stop = .end
        break
      }
      result.ids.append(id)
      // Before the text is shown: an interrupt on seeing a token comes after that token.
      let stop = options.stop(after: result.ids.count, cache, model)
      let piece = stops.push(decoder.push(id))
      result.text += piece
      emit(piece)
      if let stop = stops.isFound ? .string : stop {
        result.stop = stop
        break
      }
      if isGiven { continue }
      if result.ids.count == 1, let tokens = try afterFirst(id) {
        (given, logits) = (tokens.ids[...], tokens.logits)
        continue
      }
      logits = try model.engine.decode(id, into: cache)
      evictor?.apply()
    }
    // Given tokens that were not taken.
    cache.removeLast(max(0, cache.nextPosition - start - result.ids.count))
    result.decodeSeconds = clock.seconds
    let rest = stops.push(decoder.finish()) + stops.finish()
    result.text += rest
    emit(rest)
    return result
  }
}
