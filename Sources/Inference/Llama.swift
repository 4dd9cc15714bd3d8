import ModelFiles

/// The `llama` architecture: pre-norm layers of grouped-query attention and SwiGLU (arXiv 2302.13971).
struct Llama: Sendable {
  let model: ArchitectureDescription
  let weights: LlamaWeights

  /// Runs one chunk of tokens through all layers; leaves their final hidden vectors, normalised, in
  /// `state.normed` and their pairs in the cache. `ready` is called before a layer's part of the cache is
  /// touched.
  func forward(
    _ tokens: ArraySlice<Int>, cache: KVCache, state: RunState, rope: RoPETable,
    ready: (_ layer: Int) throws -> Void, observe: Engine.QueryObserver
  ) rethrows {
    let count = tokens.count
    let products = state.products(count)
    rope.prepare(position: cache.nextPosition, count: count)
    embed(tokens, into: state.hidden)
    for layer in weights.layers.indices {
      try run(
        layer: layer, count: count, cache: cache, cacheLayer: layer, state: state, rope: rope,
        ready: { try ready(layer) }, observe: observe)
    }
    norm(weights.outputNorm, count, state, products)
    cache.advance(by: count)
  }

  /// Looks tokens up, one row each.
  func embed(_ tokens: ArraySlice<Int>, into hidden: Matrix) {
    for (row, token) in tokens.enumerated() {
      unsafe weights.embedding.decode(row: token, into: hidden.pointer(row: row))
    }
  }

  /// Runs one layer on the first `count` rows of `state.hidden`, for whose positions `rope` is prepared;
  /// their pairs go to layer `cacheLayer` of the cache.
  func run(
    layer index: Int, count: Int, cache: KVCache, cacheLayer: Int, state: RunState,
    rope: RoPETable, ready: () throws -> Void, observe: Engine.QueryObserver
  ) rethrows {
    let layer = weights.layers[index]
    let products = state.products(count)
    norm(layer.attentionNorm, count, state, products)
    products.project(state.normed, layer.attention, count: count, into: state.projected)
    try ready()
    cache.append(layer: cacheLayer, keys: state.keys, values: state.values, count: count) {
      rope.rotate(state.queries, row: $0, length: model.keyLength)
      rope.rotate(state.keys, row: $0, length: model.keyLength)
    }
    try observe(index, state.queries, count)
    Blocks.attend(
      layer: cacheLayer, model: model, cache: cache, count: count, state: state,
      rounded: products.takesRounded)
    products.project(state.attended, layer.attentionOutput, count: count, addingTo: state.hidden)

    norm(layer.feedForwardNorm, count, state, products)
    products.gate(state.normed, layer.gate, count: count, into: state.gated)
    products.project(state.gated, layer.down, count: count, addingTo: state.hidden)
  }

  private func norm(_ weight: [Float], _ count: Int, _ state: RunState, _ products: any Products) {
    Blocks.rmsNorm(
      state.hidden, weight: weight, epsilon: model.normEpsilon, count: count, into: state.normed,
      rounded: products.takesRounded)
  }
}
