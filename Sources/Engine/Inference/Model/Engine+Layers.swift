import ModelFiles

/// Tokens that follow a context and look back at a part of it: a request to repeat it (KVzip, arXiv
/// 2505.23416), or a question about it, with the answer.
public struct FollowUp: Sendable {
  /// At most `Engine.chunk`.
  public let tokens: [Int]
  /// The positions that they look back at.
  public let watched: Range<Int>

  /// Tokens that look back at some positions.
  public init(tokens: [Int], watched: Range<Int>) {
    (self.tokens, self.watched) = (tokens, watched)
  }
}

/// A sequence, and what follows it.
public struct FollowedSequence: Sendable {
  /// At least one token.
  public let tokens: [Int]
  /// Each follows the sequence by itself.
  public let followUps: [FollowUp]

  /// A sequence that something follows, or nothing.
  public init(_ tokens: [Int], followUps: [FollowUp] = []) {
    (self.tokens, self.followUps) = (tokens, followUps)
  }
}

extension Engine {
  /// Called for each layer of each sequence that is followed, when the cache holds that layer's
  /// pairs. `peaks` is the greatest attention of what follows to each pair, as
  /// `AttentionPeaks.logarithms`, [kvHeads][pairs].
  public typealias FollowUpObserver = (
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
  ///     next, a layer's in order. It does not see what follows.
  ///   - followed: Called after a layer of a sequence and of what follows it.
  /// - Throws: `EngineError`, and what the observers throw.
  public func observeByLayer(
    _ sequences: [FollowedSequence], _ observe: QueryObserver, followed: FollowUpObserver
  ) throws {
    let hidden = try sequences.map { sequence in
      (
        sequence: try embedded(sequence.tokens),
        followUps: try sequence.followUps.map { try embedded($0.tokens) }
      )
    }
    decoder.weights.embedding.releasePages()
    for layer in decoder.weights.layers.indices {
      for (sequence, hidden) in zip(sequences, hidden) {
        let longest = sequence.followUps.reduce(0) { max($0, $1.tokens.count) }
        let cache = try cache(ofLayer: layer, tokens: sequence.tokens.count + longest)
        try run(layer: layer, on: hidden.sequence, cache: cache, observe)
        guard !sequence.followUps.isEmpty else { continue }
        let peaks = try AttentionPeaks(architecture, pairs: sequence.tokens.count)
        for (followUp, rows) in zip(sequence.followUps, hidden.followUps) {
          peaks.watch(followUp.watched)
          try run(layer: layer, on: rows, cache: cache, { _, _, _ in }, peaks: peaks)
          cache.removeLast(followUp.tokens.count, layer: layer)
        }
        try followed(
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
