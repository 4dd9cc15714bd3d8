import ModelFiles

/// The `llama` architecture: pre-norm layers of grouped-query attention and SwiGLU (arXiv 2302.13971).
struct Llama: Sendable {
  let model: ArchitectureDescription
  let weights: LlamaWeights

  /// Runs one chunk of tokens through all layers; leaves their final hidden vectors, normalised, in
  /// `state.normed` and their pairs in the cache.
  func forward(
    _ tokens: ArraySlice<Int>, cache: KVCache, state: RunState, rope: RoPETable,
    observe: Engine.QueryObserver
  ) rethrows {
    let count = tokens.count
    rope.prepare(position: cache.nextPosition, count: count)
    for (row, token) in tokens.enumerated() {
      unsafe weights.embedding.decode(row: token, into: state.hidden.pointer(row: row))
    }
    for (index, layer) in weights.layers.enumerated() {
      try attention(index, layer, count, cache, state, rope, observe)
      feedForward(layer, count, state)
    }
    norm(state.hidden, weights.outputNorm, count, state)
    cache.advance(by: count)
  }

  private func attention(
    _ index: Int, _ layer: LlamaWeights.Layer, _ count: Int, _ cache: KVCache, _ state: RunState,
    _ rope: RoPETable, _ observe: Engine.QueryObserver
  ) rethrows {
    norm(state.hidden, layer.attentionNorm, count, state)
    layer.query.apply(to: state.normed, count: count, into: state.queries, tile: state.tile)
    layer.key.apply(to: state.normed, count: count, into: state.keys, tile: state.tile)
    layer.value.apply(to: state.normed, count: count, into: state.values, tile: state.tile)
    rope.rotate(state.queries, length: model.keyLength, count: count)
    rope.rotate(state.keys, length: model.keyLength, count: count)
    try observe(index, state.queries, count)
    cache.append(layer: index, keys: state.keys, values: state.values, count: count)
    Blocks.attend(layer: index, model: model, cache: cache, count: count, state: state)
    layer.attentionOutput.apply(
      to: state.attended, count: count, into: state.update, tile: state.tile)
    Blocks.add(state.update, to: state.hidden, count: count)
  }

  private func feedForward(_ layer: LlamaWeights.Layer, _ count: Int, _ state: RunState) {
    norm(state.hidden, layer.feedForwardNorm, count, state)
    layer.gate.apply(to: state.normed, count: count, into: state.gate, tile: state.tile)
    layer.up.apply(to: state.normed, count: count, into: state.up, tile: state.tile)
    Blocks.swiglu(gate: state.gate, up: state.up, count: count)
    layer.down.apply(to: state.gate, count: count, into: state.update, tile: state.tile)
    Blocks.add(state.update, to: state.hidden, count: count)
  }

  private func norm(_ x: Matrix, _ weight: [Float], _ count: Int, _ state: RunState) {
    Blocks.rmsNorm(
      x, weight: weight, epsilon: model.normEpsilon, count: count, into: state.normed)
  }
}
