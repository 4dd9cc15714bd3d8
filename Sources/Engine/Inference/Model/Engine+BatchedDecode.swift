import ModelFiles

extension Engine {
  /// The most sequences that decode a token together.
  public static let mostSequences = 16

  /// Runs one more token of each of several sequences through the model, whose weights are read
  /// once for all of them. A sequence's result does not depend on the others, except for rounding.
  ///
  /// - Parameters:
  ///   - tokens: One of each sequence, at most `mostSequences`, each less than the vocabulary's
  ///     size.
  ///   - caches: One for each sequence, with room for a pair; all continue at one position.
  ///   - next: For each sequence, the token that follows.
  /// - Returns: −ln p(next | all before it).
  /// - Throws: `EngineError.notFinite`, `.beyondRange`; the caches are then of no use.
  public func decodeBatch(
    _ tokens: [Int], into caches: [KVCache], next: [Int]
  ) throws -> [Double] {
    precondition(tokens.count == caches.count && tokens.count == next.count)
    precondition((1...Self.mostSequences).contains(tokens.count))
    precondition(caches.allSatisfy { $0.nextPosition == caches[0].nextPosition })
    let sequences = caches.enumerated().map { row, cache in
      Decoder.SequenceRows(cache: cache, rows: row..<row + 1)
    }
    try decoder.forward(
      tokens[...], of: sequences, length: caches[0].nextPosition + 1, state: state, outputs: .all,
      ready: { _ in }, observe: { _, _, _ in })
    try state.computeLogits(decoder.weights.output, rows: 0..<tokens.count)
    let logits = state.logits
    return next.enumerated().map { row, token in
      Self.logarithmOfSum(logits.row(row)) - Double(logits.row(row)[token])
    }
  }
}
