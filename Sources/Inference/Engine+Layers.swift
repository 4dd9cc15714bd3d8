import ModelFiles

extension Engine {
  /// Runs several sequences through the model for what the observer sees, one layer after the other: each
  /// layer's weights are read once for all sequences and then let go, so that a model larger than
  /// memory is no obstacle. Memory holds the sequences' hidden vectors and one sequence's pairs of one
  /// layer.
  ///
  /// What a sequence's queries are does not depend on the others.
  ///
  /// - Parameters:
  ///   - sequences: Token ids, at least one in each, less than the vocabulary's size.
  ///   - observe: Called for each chunk of each sequence, all chunks of a layer before those of the
  ///     next, a layer's in order.
  /// - Throws: `EngineError.outOfMemory`, and what the observer throws.
  public func observeByLayer(_ sequences: [[Int]], _ observe: QueryObserver) throws {
    let hidden = try sequences.map { tokens in
      let matrix = try Matrix(rows: tokens.count, columns: architecture.embeddingLength)
      llama.embed(tokens[...], into: matrix)
      return matrix
    }
    llama.weights.embedding.letGo()
    let shape = KVCache.Shape(
      layers: 1, kvHeads: architecture.kvHeads, keyLength: architecture.keyLength,
      valueLength: architecture.valueLength)
    for layer in llama.weights.layers.indices {
      for matrix in hidden {
        let cache = try KVCache(shape: shape, element: .f32, capacity: matrix.rows)
        try run(layer: layer, on: matrix, cache: cache, observe)
      }
      for matrix in llama.weights.layers[layer].groups.flatMap(\.matrices) { matrix.letGo() }
    }
  }

  /// Runs one layer on one sequence's hidden vectors, which are replaced.
  private func run(
    layer: Int, on hidden: Matrix, cache: KVCache, _ observe: QueryObserver
  ) rethrows {
    for start in stride(from: 0, to: hidden.rows, by: Self.chunk) {
      let count = min(hidden.rows - start, Self.chunk)
      rope.prepare(position: cache.nextPosition, count: count)
      let values = count * hidden.columns
      unsafe state.hidden.pointer(row: 0).update(from: hidden.pointer(row: start), count: values)
      try llama.run(
        layer: layer, count: count, cache: cache, cacheLayer: 0, state: state, rope: rope,
        ready: {}, observe: observe)
      cache.advance(by: count)
      unsafe hidden.pointer(row: start).update(from: state.hidden.pointer(row: 0), count: values)
    }
  }
}
