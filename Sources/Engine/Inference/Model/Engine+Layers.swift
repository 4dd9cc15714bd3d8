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
        followUps: try batches(of: sequence.followUps)
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
        for batch in hidden.followUps {
          try lookBack(layer: layer, batch, at: cache, peaks: peaks)
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

  /// What follows one sequence and goes through a layer together.
  private struct FollowUpBatch {
    /// All rows.
    let hidden: Matrix
    let followUps: [(rows: Range<Int>, watched: Range<Int>)]
    /// The most tokens of one.
    let longest: Int
  }

  /// Joins follow-ups, in order, as long as they fit into a chunk.
  private func batches(of followUps: [FollowUp]) throws -> [FollowUpBatch] {
    var groups: [[FollowUp]] = []
    var rows = Self.chunk
    for followUp in followUps {
      precondition(followUp.tokens.count <= Self.chunk)
      if rows + followUp.tokens.count > Self.chunk { (groups, rows) = (groups + [[]], 0) }
      groups[groups.count - 1].append(followUp)
      rows += followUp.tokens.count
    }
    return try groups.map { group in
      var end = 0
      let followUps = group.map { followUp in
        defer { end += followUp.tokens.count }
        return (rows: end..<end + followUp.tokens.count, watched: followUp.watched)
      }
      return FollowUpBatch(
        hidden: try embedded(group.flatMap(\.tokens)), followUps: followUps,
        longest: group.reduce(0) { max($0, $1.tokens.count) })
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
      try replace(hidden, rows: start..<start + count) {
        try decoder.run(
          layer: layer, rows, state: state, outputs: .none, ready: { _ in }, observe: observe)
      }
      cache.advance(by: count)
    }
  }

  /// Runs one layer on a batch's hidden vectors, which are replaced.
  private func lookBack(
    layer: Int, _ batch: FollowUpBatch, at cache: KVCache, peaks: AttentionPeaks
  ) throws {
    let followUps = batch.followUps.map {
      (rows: Decoder.SequenceRows(cache: cache, rows: $0.rows), watched: $0.watched)
    }
    decoder.prepare(followUps.map(\.rows), length: cache.nextPosition + batch.longest)
    try replace(batch.hidden, rows: 0..<batch.hidden.rows) {
      try decoder.lookBack(layer: layer, followUps, state: state, peaks: peaks)
    }
  }

  /// Puts some hidden vectors where the decoder changes them, and takes them back.
  private func replace(_ hidden: Matrix, rows: Range<Int>, _ change: () throws -> Void) rethrows {
    let values = rows.count * hidden.columns
    unsafe state.hidden.pointer(row: 0).update(
      from: hidden.pointer(row: rows.lowerBound), count: values)
    try change()
    unsafe hidden.pointer(row: rows.lowerBound).update(
      from: state.hidden.pointer(row: 0), count: values)
  }
}
