import ModelFiles

/// A decoder-only transformer: every layer adds what attention finds, then what a gated feed-forward
/// network makes of it, to each token's hidden vector (arXiv 2302.13971). What architectures do
/// differently stands in their description and in which weights they have.
struct Decoder: Sendable {
  let model: ModelConfig
  let weights: DecoderWeights
  private let rope: RoPETable
  private let localRope: RoPETable?

  /// Whose final hidden vectors are wanted of a chunk. What only others need is left out of the last layer.
  enum Outputs {
    case all, last, none
  }

  /// Memory for up to `tokens` tokens at once.
  init(_ file: ModelFile, tokens: Int) throws {
    model = file.architecture
    weights = try DecoderWeights(file)
    rope = try RoPETable(model.rope, maximumTokens: tokens)
    localRope = try model.localRope.map { try RoPETable($0, maximumTokens: tokens) }
  }

  /// Runs one chunk of tokens through all layers; leaves the final hidden vectors that are wanted, normalised,
  /// in the first rows of `state.normed` and all tokens' pairs in the cache.
  ///
  /// - Parameters:
  ///   - length: Of the sequence that the chunk is a part of; some kinds of RoPE depend on it.
  ///   - ready: Called before a layer's part of the cache is touched.
  /// - Throws: As `KVCache.append`, and what the closures throw.
  func forward(
    _ tokens: ArraySlice<Int>, of length: Int, cache: KVCache, state: RunState, outputs: Outputs,
    ready: (_ layer: Int) throws -> Void, observe: Engine.QueryObserver
  ) throws {
    let count = tokens.count
    prepare(position: cache.nextPosition, count: count, length: length)
    embed(tokens, into: state.hidden)
    for layer in weights.layers.indices {
      try run(
        layer: layer, count: count, cache: cache, state: state, outputs: outputs, ready: ready,
        observe: observe)
    }
    let wanted = Self.rows(outputs, of: count)
    norm(weights.outputNorm, wanted, state, state.matMul(wanted))
    cache.advance(by: count)
  }

  /// Prepares the angles of `count` tokens from `position` on, in a sequence of `length` tokens.
  func prepare(position: Int, count: Int, length: Int) {
    rope.prepare(position: position, count: count, length: length)
    localRope?.prepare(position: position, count: count, length: length)
  }

  /// Looks tokens up, one row each.
  func embed(_ tokens: ArraySlice<Int>, into hidden: Matrix) {
    Blocks.embed(tokens, weights.embedding, scale: model.embeddingScale, into: hidden)
  }

  private static func rows(_ outputs: Outputs, of count: Int) -> Int {
    switch outputs {
    case .all: count
    case .last: 1
    case .none: 0
    }
  }

  /// Runs one layer on the first `count` rows of `state.hidden`, for whose positions the angles are
  /// prepared, and appends their pairs to the layer's part of the cache. Behind the last layer only the outputs
  /// are left, in the first rows.
  func run(
    layer index: Int, count: Int, cache: KVCache, state: RunState, outputs: Outputs,
    ready: (_ layer: Int) throws -> Void, observe: Engine.QueryObserver
  ) throws {
    let layer = weights.layers[index]
    let matMul = state.matMul(count)
    norm(layer.attentionNorm, count, state, matMul)
    matMul.project(state.normed, layer.attention, count: count, into: state.projected)
    try ready(index)
    let rope = rope(ofLayer: index)
    try cache.append(layer: index, keys: state.keys, values: state.values, rows: 0..<count) { row in
      finishProjections(layer, rope, row: row, angles: row, state)
    }
    try observe(index, state.queries, count)
    let isLast = index == weights.layers.count - 1
    finish(layer, index, isLast ? Self.rows(outputs, of: count) : count, of: count, cache, state)
  }

  /// What a layer adds to the last `wanted` of `count` tokens, which then take the first rows.
  private func finish(
    _ layer: DecoderWeights.Layer, _ index: Int, _ wanted: Int, of count: Int, _ cache: KVCache,
    _ state: RunState
  ) {
    guard wanted > 0 else { return }
    let matMul = state.matMul(wanted)
    if wanted < count {
      for matrix in [state.hidden, state.queries] {
        for row in 0..<wanted { matrix.copy(row: count - wanted + row, of: matrix, to: row) }
      }
    }
    Blocks.attend(
      layer: index, model: model, cache: cache, count: wanted, state: state,
      rounded: matMul.takesRounded)
    feedForward(layer, wanted, state, matMul)
  }

  /// What becomes of a row's queries and keys before they meet.
  func finishProjections(
    _ layer: DecoderWeights.Layer, _ rope: RoPETable, row: Int, angles: Int, _ state: RunState
  ) {
    Blocks.add(layer.biases, to: state.projected, row: row)
    Blocks.normHeads(state.queries, row: row, layer.queryNorm, epsilon: model.normEpsilon)
    Blocks.normHeads(state.keys, row: row, layer.keyNorm, epsilon: model.normEpsilon)
    rope.rotate(state.queries, row: row, angles: angles, length: model.keyLength)
    rope.rotate(state.keys, row: row, angles: angles, length: model.keyLength)
  }

  /// Adds what attention found, then what the feed-forward network makes of it.
  func feedForward(
    _ layer: DecoderWeights.Layer, _ count: Int, _ state: RunState, _ matMul: any MatMul
  ) {
    add(state.attended, layer.attentionOutput, layer.attentionPostNorm, count, state, matMul)
    norm(layer.feedForwardNorm, count, state, matMul)
    matMul.gate(state.normed, layer.gate, model.activation, count: count, into: state.gated)
    add(state.gated, layer.down, layer.feedForwardPostNorm, count, state, matMul)
  }

  /// The angles that a layer rotates by.
  func rope(ofLayer layer: Int) -> RoPETable {
    model.window(ofLayer: layer) == nil ? rope : localRope ?? rope
  }

  /// What a branch reads: the hidden vectors, normalised where the architecture does that here.
  func norm(
    _ weight: [Float]?, _ count: Int, _ state: RunState, _ matMul: any MatMul
  ) {
    Blocks.rmsNorm(
      state.hidden, weight: weight, epsilon: model.normEpsilon, count: count, into: state.normed,
      rounded: matMul.takesRounded)
  }

  /// Adds a branch's outputs to the hidden vectors, normalised where the architecture does that here.
  private func add(
    _ x: Activations, _ output: WeightGroup, _ weight: [Float]?, _ count: Int, _ state: RunState,
    _ matMul: any MatMul
  ) {
    guard let weight else {
      return matMul.project(x, output, count: count, addingTo: state.hidden)
    }
    matMul.project(x, output, count: count, into: [state.branch])
    Blocks.addNormed(
      state.branch, weight: weight, epsilon: model.normEpsilon, count: count, to: state.hidden)
  }
}
