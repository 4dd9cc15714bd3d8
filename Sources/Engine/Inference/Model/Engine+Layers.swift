import ModelFiles

extension Engine {
  /// Runs several sequences through the model for what the observer sees, one layer after the
  /// other: each layer's weights are read once for all sequences, and then their pages are
  /// released, so that a model may be larger than memory. Memory holds the sequences' hidden
  /// vectors and one sequence's pairs of one layer.
  ///
  /// A sequence's queries do not depend on the others.
  ///
  /// - Parameters:
  ///   - sequences: Token ids, at least one in each, less than the vocabulary's size.
  ///   - observe: Called for each chunk of each sequence, all chunks of a layer before those of the
  ///     next, a layer's in order.
  /// - Throws: `EngineError`, and what the observer throws.
  public func observeByLayer(_ sequences: [[Int]], _ observe: QueryObserver) throws {
    let hidden = try sequences.map { tokens in
      let matrix = try Matrix(rows: tokens.count, columns: architecture.embeddingLength)
      decoder.embed(tokens[...], into: matrix)
      return matrix
    }
    decoder.weights.embedding.releasePages()
    for layer in decoder.weights.layers.indices {
      for matrix in hidden {
        try run(
          layer: layer, on: matrix, cache: cache(ofLayer: layer, tokens: matrix.rows), observe)
      }
      for matrix in decoder.weights.layers[layer].groups.flatMap(\.matrices) {
        matrix.releasePages()
      }
    }
  }

  /// A cache with room for one layer's pairs.
  private func cache(ofLayer layer: Int, tokens: Int) throws(EngineError) -> KVCache {
    let capacities = (0..<cacheShape.layers * cacheShape.kvHeads).map { index in
      index / cacheShape.kvHeads == layer ? tokens : 0
    }
    return try KVCache(shape: cacheShape, dtype: .f32, capacities: capacities)
  }

  /// Runs one layer on one sequence's hidden vectors, which are replaced.
  private func run(
    layer: Int, on hidden: Matrix, cache: KVCache, _ observe: QueryObserver
  ) throws {
    for start in stride(from: 0, to: hidden.rows, by: Self.chunk) {
      let count = min(hidden.rows - start, Self.chunk)
      let rows = [Decoder.SequenceRows(cache: cache, rows: 0..<count)]
      decoder.prepare(rows, length: hidden.rows)
      let values = count * hidden.columns
      unsafe state.hidden.pointer(row: 0).update(from: hidden.pointer(row: start), count: values)
      try decoder.run(
        layer: layer, rows, state: state, outputs: .none, ready: { _ in }, observe: observe)
      cache.advance(by: count)
      unsafe hidden.pointer(row: start).update(from: state.hidden.pointer(row: 0), count: values)
    }
  }
}
