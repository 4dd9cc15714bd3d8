import ModelFiles

/// A sequence, and parts of it that are repeated after it (KVzip, arXiv 2505.23416).
public struct RepeatedSequence: Sendable {
  /// Tokens that follow the sequence and repeat a part of it.
  public struct Repetition: Sendable {
    /// At most `Engine.chunk`.
    public let tokens: [Int]
    /// The positions that they repeat.
    public let repeated: Range<Int>

    /// Tokens that end with a repetition of some positions.
    public init(tokens: [Int], repeated: Range<Int>) {
      (self.tokens, self.repeated) = (tokens, repeated)
    }
  }

  /// At least one token.
  public let tokens: [Int]
  /// Each follows the sequence by itself.
  public let repetitions: [Repetition]

  /// A sequence that is repeated part by part, or not at all.
  public init(_ tokens: [Int], repetitions: [Repetition] = []) {
    (self.tokens, self.repetitions) = (tokens, repetitions)
  }
}

extension Engine {
  /// Called for each layer of each sequence that is repeated, when the cache holds that layer's
  /// pairs. `peaks` is the greatest attention of the repetitions to each pair, as
  /// `AttentionPeaks.logarithms`, [kvHeads][pairs].
  public typealias RepetitionObserver = (
    _ layer: Int, _ cache: KVCache, _ peaks: [[Float]]
  ) throws -> Void

  /// Runs several sequences through the model for what the observers see, one layer after the
  /// other: each layer's weights are read once for all sequences, and then their pages are
  /// released, so that a model may be larger than memory. Memory holds the sequences' hidden
  /// vectors and one sequence's pairs of one layer.
  ///
  /// A sequence's queries do not depend on the others.
  ///
  /// - Parameters:
  ///   - sequences: Token ids, less than the vocabulary's size.
  ///   - observe: Called for each chunk of each sequence, all chunks of a layer before those of the
  ///     next, a layer's in order. It does not see repetitions.
  ///   - repeated: Called after a layer of a sequence and of its repetitions.
  /// - Throws: `EngineError`, and what the observers throw.
  public func observeByLayer(
    _ sequences: [RepeatedSequence], _ observe: QueryObserver, repeated: RepetitionObserver
  ) throws {
    let hidden = try sequences.map { sequence in
      (
        sequence: try embedded(sequence.tokens),
        repetitions: try sequence.repetitions.map { try embedded($0.tokens) }
      )
    }
    decoder.weights.embedding.releasePages()
    for layer in decoder.weights.layers.indices {
      for (sequence, hidden) in zip(sequences, hidden) {
        let longest = sequence.repetitions.reduce(0) { max($0, $1.tokens.count) }
        let cache = try cache(ofLayer: layer, tokens: sequence.tokens.count + longest)
        try run(layer: layer, on: hidden.sequence, cache: cache, observe)
        guard !sequence.repetitions.isEmpty else { continue }
        let peaks = try AttentionPeaks(architecture, pairs: sequence.tokens.count)
        for (repetition, rows) in zip(sequence.repetitions, hidden.repetitions) {
          peaks.watch(repetition.repeated)
          try run(layer: layer, on: rows, cache: cache, { _, _, _ in }, peaks: peaks)
          cache.removeLast(repetition.tokens.count, layer: layer)
        }
        try repeated(
          layer, cache,
          (0..<cacheShape.kvHeads).map { peaks.logarithms(layer: layer, head: $0) })
      }
      for matrix in decoder.weights.layers[layer].groups.flatMap(\.matrices) {
        matrix.releasePages()
      }
    }
  }

  private func embedded(_ tokens: [Int]) throws -> Matrix {
    let matrix = try Matrix(rows: tokens.count, columns: architecture.embeddingLength)
    decoder.embed(tokens[...], into: matrix)
    return matrix
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
    layer: Int, on hidden: Matrix, cache: KVCache, _ observe: QueryObserver,
    peaks: AttentionPeaks? = nil
  ) throws {
    let length = cache.nextPosition + hidden.rows
    for start in stride(from: 0, to: hidden.rows, by: Self.chunk) {
      let count = min(hidden.rows - start, Self.chunk)
      let rows = [Decoder.SequenceRows(cache: cache, rows: 0..<count)]
      decoder.prepare(rows, length: length)
      let values = count * hidden.columns
      unsafe state.hidden.pointer(row: 0).update(from: hidden.pointer(row: start), count: values)
      try decoder.run(
        layer: layer, rows, state: state, outputs: peaks == nil ? .none : .all, ready: { _ in },
        observe: observe, peaks: peaks)
      cache.advance(by: count)
      unsafe hidden.pointer(row: start).update(from: state.hidden.pointer(row: 0), count: values)
    }
  }
}
