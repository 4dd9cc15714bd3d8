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
    peaks.watch(followUp.watched)
    // The last layer attends for all rows.
    try decoder.forward(
      tokens[...], of: [Decoder.SequenceRows(cache: cache, rows: 0..<tokens.count)],
      length: cache.nextPosition + tokens.count, state: state, outputs: .all, ready: { _ in },
      observe: { _, _, _ in }, peaks: peaks)
    cache.removeLast(tokens.count)
  }
}
