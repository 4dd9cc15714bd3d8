extension Engine {
  /// Runs tokens that look back at a context, and notes the greatest attention that its pairs get.
  /// The cache then holds the context alone, as before.
  ///
  /// - Parameters:
  ///   - followUp: What follows the context.
  ///   - cache: The whole context as elements, with room for its tokens.
  ///   - peaks: Those of the context's pairs.
  /// - Throws: `EngineError.notFinite` and `.beyondRange`.
  public func lookBack(
    _ followUp: FollowUp, at cache: KVCache, peaks: AttentionPeaks
  ) throws {
    let tokens = followUp.tokens
    precondition(tokens.count <= Self.chunk)
    let rows = Decoder.SequenceRows(cache: cache, rows: 0..<tokens.count)
    decoder.prepare([rows], length: cache.nextPosition + tokens.count)
    decoder.embed(tokens[...], into: state.hidden)
    for layer in decoder.weights.layers.indices {
      try decoder.lookBack(
        layer: layer, [(rows, followUp.watched)], state: state, peaks: peaks)
    }
  }
}
