import ModelFiles

extension Engine {
  /// The most sequences that take a step together.
  public static let mostSequences = 16

  /// Runs one more token of each of several sequences through the model, whose weights are read once for all of
  /// them. What a sequence gives does not depend on the others but for rounding.
  ///
  /// - Parameters:
  ///   - tokens: One of each sequence, at most `mostSequences`, each less than the vocabulary's size.
  ///   - caches: Of each sequence, with room for a pair; all continue at one position.
  ///   - next: Of each sequence the token that follows.
  /// - Returns: −ln p(next | all before it).
  /// - Throws: `EngineError.notFinite`, `.beyondRange`; the caches are then of no use.
  public func decodeBatch(
    _ tokens: [Int], into caches: [KVCache], next: [Int]
  ) throws(EngineError) -> [Double] {
    precondition(tokens.count == caches.count && tokens.count == next.count)
    precondition((1...Self.mostSequences).contains(tokens.count))
    precondition(caches.allSatisfy { $0.nextPosition == caches[0].nextPosition })
    try decoder.decodeBatch(tokens, into: caches, state: state)
    try state.computeLogits(decoder.weights.output, rows: 0..<tokens.count)
    let logits = state.logits
    var losses: [Double] = []
    for (row, token) in next.enumerated() {
      losses.append(
        Self.logarithmOfSum(logits.row(row)) - Double(logits.row(row)[token]))
    }
    return losses
  }
}

extension Decoder {
  /// Runs one token of each sequence through all layers; leaves their final hidden vectors, normalised, in
  /// `state.normed`, one row a sequence, and their pairs in the caches.
  fileprivate func decodeBatch(
    _ tokens: [Int], into caches: [KVCache], state: RunState
  ) throws(EngineError) {
    let (count, position) = (tokens.count, caches[0].nextPosition)
    let matMul = state.matMul(count)
    prepare(position: position, count: 1, length: position + 1)
    embed(tokens[...], into: state.hidden)
    for (index, layer) in weights.layers.enumerated() {
      norm(layer.attentionNorm, count, state, matMul)
      matMul.project(state.normed, layer.attention, count: count, into: state.projected)
      let rope = rope(ofLayer: index)
      for (row, cache) in caches.enumerated() {
        try cache.append(
          layer: index, keys: state.keys, values: state.values, rows: row..<row + 1
        ) { row in finishProjections(layer, rope, row: row, angles: 0, state) }
        Blocks.attend(row: row, layer: index, model: model, cache: cache, state: state)
      }
      feedForward(layer, count, state, matMul)
    }
    norm(weights.outputNorm, count, state, matMul)
    for cache in caches { cache.advance(by: 1) }
  }
}
