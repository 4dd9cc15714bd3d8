public import ModelFiles

/// Runs a model: prefill in chunks, decoding a token at a time, and language-model scores.
///
/// One engine does one thing at a time; it holds the memory of a chunk and nothing of a context,
/// which lives in a `KVCache`.
public final class Engine {
  /// The model's shape.
  public let architecture: ModelConfig
  let decoder: Decoder
  let state: RunState

  /// The most tokens that go through the layers at once. Memory grows with it, not with the
  /// context.
  public static let chunk = 1024

  /// Called for each layer of each chunk with the queries after RoPE, [tokens ×
  /// queryHeads·keyLength], of which the first `count` rows are filled.
  public typealias QueryObserver = (_ layer: Int, _ queries: Matrix, _ count: Int) throws -> Void

  /// Takes a model's weights into use; they stay in the mapped file, quantised as they are.
  ///
  /// - Parameter isExact: Whether nothing is rounded to bfloat16, so that small differences between
  ///   caches can be measured. It takes several times as long.
  /// - Throws: `MalformedFile` if a tensor is missing or of the wrong shape, `UnsupportedModel` if
  ///   there are tensors that the forward pass does not know, `EngineError`.
  public init(_ file: ModelFile, isExact: Bool = false) throws {
    if let problem = BLAS.problem { throw EngineError.openBLASMissing(problem: problem) }
    try Kernels.checkEnvironment()
    architecture = file.architecture
    decoder = try Decoder(file, tokens: Self.chunk)
    state = try RunState(
      decoder.weights, file.architecture, tokens: Self.chunk, isExact: isExact)
  }

  /// The tensors that the forward pass uses, in ascending order of their names' bytes.
  public var tensors: [WeightMatrix] {
    decoder.weights.tensors.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
      .map(WeightMatrix.init)
  }

  /// The shape of this model's caches.
  public var cacheShape: KVCache.Shape {
    KVCache.Shape(
      layers: architecture.layers, kvHeads: architecture.kvHeads,
      keyLength: architecture.keyLength, valueLength: architecture.valueLength)
  }

  /// What products of queries and keys are multiplied by.
  public var attentionScale: Float { Blocks.scale(architecture) }

  /// Runs tokens through the model and appends their pairs to the cache.
  ///
  /// - Parameters:
  ///   - tokens: At least one token id, each less than the vocabulary's size.
  ///   - cache: Has room for them.
  ///   - ready: Called before a layer's part of the cache is used, so that a cache may be loaded
  ///     meanwhile.
  ///   - observe: Sees each layer's queries, the tokens' own pairs being in the cache.
  ///   - progress: Called after each chunk with the number of tokens done.
  /// - Returns: The logits of the last token, one a token of the vocabulary.
  /// - Throws: `EngineError.notFinite` and `.beyondRange`, and what the closures throw; the cache
  ///   is then of no use.
  public func prefill(
    _ tokens: [Int], into cache: KVCache, ready: (_ layer: Int) throws -> Void = { _ in },
    observe: QueryObserver = { _, _, _ in }, progress: (Int) -> Void = { _ in }
  ) throws -> [Float] {
    try forEachChunk(tokens, cache, outputs: .last, ready: ready, observe: observe) {
      progress($0.upperBound)
    }
    try state.computeLogits(decoder.weights.output, rows: 0..<1)
    return state.logits.copy(row: 0)
  }

  /// Runs one token through the model and appends its pairs to the cache.
  ///
  /// - Parameters:
  ///   - token: A token id, less than the vocabulary's size.
  ///   - cache: Has room for it.
  /// - Returns: The token's logits, one a token of the vocabulary.
  /// - Throws: `EngineError.notFinite` and `.beyondRange`; the cache is then of no use.
  public func decode(_ token: Int, into cache: KVCache) throws -> [Float] {
    try prefill([token], into: cache)
  }

  /// Runs tokens through the model for what the observer sees, without any logits.
  ///
  /// - Throws: `EngineError.notFinite` and `.beyondRange`, and what the observer throws; the cache
  ///   is then of no use.
  public func observe(
    _ tokens: [Int], into cache: KVCache, progress: (Int) -> Void = { _ in },
    observe: QueryObserver
  ) throws {
    try forEachChunk(tokens, cache, outputs: .none, ready: { _ in }, observe: observe) {
      progress($0.upperBound)
    }
  }

  /// Runs tokens through the model, a chunk at a time.
  ///
  /// - Parameters:
  ///   - outputs: All tokens' final hidden vectors, the last token's, or none.
  ///   - done: Called after each chunk, whose outputs are in `state.normed`.
  func forEachChunk(
    _ tokens: [Int], _ cache: KVCache, outputs: Decoder.Outputs,
    ready: (_ layer: Int) throws -> Void, observe: QueryObserver,
    done: (Range<Int>) throws -> Void
  ) throws {
    precondition(cache.shape == cacheShape, "a cache of another model")
    let length = cache.nextPosition + tokens.count
    for start in stride(from: 0, to: tokens.count, by: Self.chunk) {
      let range = start..<min(tokens.count, start + Self.chunk)
      let isLast = range.upperBound == tokens.count
      try decoder.forward(
        tokens[range], of: [Decoder.SequenceRows(cache: cache, rows: 0..<range.count)],
        length: length, state: state, outputs: outputs == .last && !isLast ? .none : outputs,
        ready: ready, observe: observe)
      try done(range)
    }
  }
}
