import ModelFiles

/// A decoder-only transformer: every layer adds what attention finds, then what a gated
/// feed-forward network makes of it, to each token's hidden vector (arXiv 2302.13971).
/// Architectures differ in their `ModelConfig` and in which weights they have.
struct Decoder: Sendable {
  let model: ModelConfig
  let weights: DecoderWeights
  private let rope: RoPETable
  private let localRope: RoPETable?

  /// Which final hidden vectors a pass leaves. The last layer skips
  /// rows that nobody asked for.
  enum Outputs {
    /// Those of all rows.
    case all
    /// Those of each sequence's last row.
    case last
    case none
  }

  /// Rows of a pass that continue one sequence: its next tokens, in order.
  struct SequenceRows {
    /// The sequence's pairs, to which the rows' own are appended.
    let cache: KVCache
    let rows: Range<Int>
  }

  /// Memory for up to `tokens` tokens at once.
  init(_ file: ModelFile, tokens: Int) throws {
    model = file.architecture
    weights = try DecoderWeights(file)
    rope = try RoPETable(model.rope, maximumTokens: tokens)
    localRope = try model.localRope.map { try RoPETable($0, maximumTokens: tokens) }
  }

  /// Runs tokens through all layers, one a row: a chunk of one sequence, or one token of each of
  /// several. Leaves the final hidden vectors that are wanted, normalised, in the first rows of
  /// `state.normed`, and all tokens' pairs in the caches.
  ///
  /// - Parameters:
  ///   - sequences: Whose tokens they are; together all rows, in order.
  ///   - length: Length of the sequence that a chunk is a part of; some kinds of RoPE depend on it.
  ///   - ready: Called before a layer's part of the caches is touched.
  ///   - observe: Sees each layer's queries after RoPE, the rows' own pairs being in the caches.
  /// - Throws: As `KVCache.appendFused`, and what the closures throw.
  func forward(
    _ tokens: ArraySlice<Int>, of sequences: [SequenceRows], length: Int, state: RunState,
    outputs: Outputs, ready: (_ layer: Int) throws -> Void, observe: Engine.QueryObserver
  ) throws {
    prepare(sequences, length: length)
    embed(tokens, into: state.hidden)
    for layer in weights.layers.indices {
      try run(
        layer: layer, sequences, state: state, outputs: outputs, ready: ready, observe: observe)
    }
    let wanted = Self.outputs(outputs, of: sequences).reduce(0) { $0 + $1.rows.count }
    norm(weights.outputNorm, wanted, state, state.matMul(wanted))
    for sequence in sequences { sequence.cache.advance(by: sequence.rows.count) }
  }

  /// Prepares the angles of the rows' positions, in sequences of `length` tokens.
  func prepare(_ sequences: [SequenceRows], length: Int) {
    let positions = sequences.flatMap { sequence in
      sequence.rows.indices.map { sequence.cache.nextPosition + $0 - sequence.rows.lowerBound }
    }
    rope.prepare(positions: positions, length: length)
    localRope?.prepare(positions: positions, length: length)
  }

  /// Looks tokens up, one row each.
  func embed(_ tokens: ArraySlice<Int>, into hidden: Matrix) {
    Blocks.embed(tokens, weights.embedding, scale: model.embeddingScale, into: hidden)
  }

  /// The rows of each sequence that outputs are wanted of.
  private static func outputs(_ outputs: Outputs, of sequences: [SequenceRows]) -> [SequenceRows] {
    switch outputs {
    case .all: sequences
    case .last: sequences.map { SequenceRows(cache: $0.cache, rows: $0.rows.suffix(1)) }
    case .none: []
    }
  }

  /// Runs one layer on the rows of `state.hidden`, for whose positions the angles are prepared, and
  /// appends their pairs to the layer's part of the caches. After the last layer only the outputs
  /// are left, in the first rows.
  func run(
    layer index: Int, _ sequences: [SequenceRows], state: RunState, outputs: Outputs,
    ready: (_ layer: Int) throws -> Void, observe: Engine.QueryObserver
  ) throws {
    let count = sequences.reduce(0) { $0 + $1.rows.count }
    project(layer: index, count, state)
    try ready(index)
    for sequence in sequences { try append(layer: index, sequence, state) }
    try observe(index, state.queries, count)
    let isLast = index == weights.layers.count - 1
    let wanted = isLast ? Self.outputs(outputs, of: sequences) : sequences
    finish(index, wanted, of: count, state)
  }

  /// Runs one layer on rows that look back at a cache, each follow-up by itself, and notes the
  /// greatest attention that they pay. The cache then holds what it held before.
  ///
  /// - Parameters:
  ///   - followUps: The rows, and the positions that they look back at. All rows are of one cache.
  /// - Throws: As `KVCache.appendFused`.
  func lookBack(
    layer index: Int, _ followUps: [(rows: SequenceRows, watched: Range<Int>)], state: RunState,
    peaks: AttentionPeaks
  ) throws {
    let count = followUps.reduce(0) { $0 + $1.rows.rows.count }
    project(layer: index, count, state)
    let matMul = state.matMul(count)
    for (rows, watched) in followUps {
      try append(layer: index, rows, state)
      peaks.watch(watched)
      Blocks.attend(
        layer: index, model: model, cache: rows.cache, rows: rows.rows, state: state,
        rounded: matMul.takesRounded, peaks: peaks)
      rows.cache.removeUncounted(rows.rows.count, layer: index)
    }
    feedForward(weights.layers[index], count, state, matMul)
  }

  /// The queries, keys and values of the rows, before biases, norms and RoPE.
  private func project(layer index: Int, _ count: Int, _ state: RunState) {
    let (layer, matMul) = (weights.layers[index], state.matMul(count))
    norm(layer.attentionNorm, count, state, matMul)
    matMul.project(state.normed, layer.attention, count: count, into: state.projected)
  }

  /// Finishes a sequence's queries and keys, and appends the pairs to its cache.
  private func append(
    layer index: Int, _ sequence: SequenceRows, _ state: RunState
  ) throws(EngineError) {
    let (layer, rope) = (weights.layers[index], rope(ofLayer: index))
    try sequence.cache.appendFused(
      layer: index, keys: state.keys, values: state.values, rows: sequence.rows,
      transform: { row in biasNormaliseAndRotate(layer, rope, row: row, state) })
  }

  /// What a layer adds to some rows, which then become the first ones.
  private func finish(
    _ layer: Int, _ sequences: [SequenceRows], of count: Int, _ state: RunState
  ) {
    let wanted = sequences.reduce(0) { $0 + $1.rows.count }
    guard wanted > 0 else { return }
    let matMul = state.matMul(wanted)
    if wanted < count {
      for (target, row) in sequences.flatMap(\.rows).enumerated() {
        for matrix in [state.hidden, state.queries] {
          matrix.copy(row: row, of: matrix, to: target)
        }
      }
    }
    var first = 0
    for sequence in sequences {
      Blocks.attend(
        layer: layer, model: model, cache: sequence.cache,
        rows: first..<first + sequence.rows.count, state: state, rounded: matMul.takesRounded)
      first += sequence.rows.count
    }
    feedForward(weights.layers[layer], wanted, state, matMul)
  }

  /// What becomes of a row's queries and keys before they meet: biases, norms, and RoPE, by the
  /// angles of that row.
  private func biasNormaliseAndRotate(
    _ layer: DecoderWeights.Layer, _ rope: RoPETable, row: Int, _ state: RunState
  ) {
    Blocks.add(layer.biases, to: state.projected, row: row)
    Blocks.normHeads(state.queries, row: row, layer.queryNorm, epsilon: model.normEpsilon)
    Blocks.normHeads(state.keys, row: row, layer.keyNorm, epsilon: model.normEpsilon)
    rope.rotate(state.queries, row: row, angles: row, length: model.keyLength)
    rope.rotate(state.keys, row: row, angles: row, length: model.keyLength)
  }

  /// Adds what attention found, then what the feed-forward network makes of it.
  private func feedForward(
    _ layer: DecoderWeights.Layer, _ count: Int, _ state: RunState, _ matMul: any MatMul
  ) {
    add(
      state.attended, by: layer.attentionOutput, norm: layer.attentionPostNorm, count, state,
      matMul)
    norm(layer.feedForwardNorm, count, state, matMul)
    matMul.gate(state.normed, layer.gate, model.activation, count: count, into: state.gated)
    add(state.gated, by: layer.down, norm: layer.feedForwardPostNorm, count, state, matMul)
  }

  /// The angles that a layer rotates by.
  func rope(ofLayer layer: Int) -> RoPETable {
    model.window(ofLayer: layer) == nil ? rope : localRope ?? rope
  }

  /// What a branch reads: the hidden vectors, normalised if the architecture does that here.
  private func norm(
    _ weight: [Float]?, _ count: Int, _ state: RunState, _ matMul: any MatMul
  ) {
    Blocks.rmsNorm(
      state.hidden, weight: weight, epsilon: model.normEpsilon, count: count, into: state.normed,
      rounded: matMul.takesRounded)
  }

  /// Adds a branch's outputs to the hidden vectors, normalised if the architecture does that here.
  private func add(
    _ x: Activations, by output: WeightGroup, norm weight: [Float]?, _ count: Int,
    _ state: RunState, _ matMul: any MatMul
  ) {
    guard let weight else {
      return matMul.project(x, output, count: count, addingTo: state.hidden)
    }
    matMul.project(x, output, count: count, into: [state.branch])
    Blocks.addNormed(
      state.branch, weight: weight, epsilon: model.normEpsilon, count: count, to: state.hidden)
  }
}
