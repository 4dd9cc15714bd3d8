import Platform
import ModelFiles
import Synchronization

/// Next-token distributions after several tokens, for others to be compared with.
public struct Predictions: Sendable {
  /// ln p, [tokens × vocabulary].
  fileprivate let logarithms: Matrix

  /// The Kullback-Leibler divergence Σ p ln(p / q) in nats after each token, p being these
  /// predictions and q others of the same tokens.
  ///
  /// - Throws: `EngineError.notFinite`.
  public func divergences(to others: Predictions) throws(EngineError) -> [Double] {
    let result = (0..<logarithms.rows).map { row in
      let (own, other) = (logarithms.row(row), others.logarithms.row(row))
      return own.indices.reduce(0.0) {
        $0 + Double(expf(own[$1]) * (own[$1] - other[$1]))
      }
    }
    guard result.allSatisfy(\.isFinite) else { throw EngineError.notFinite }
    return result
  }

  /// −ln p of all tokens but the first.
  ///
  /// - Parameter tokens: Those of the predictions.
  public func negativeLogLikelihoods(_ tokens: [Int]) -> [Double] {
    tokens.dropFirst().enumerated().map { -Double(logarithms.row($0)[$1]) }
  }
}

extension Engine {
  /// −ln p(token | all before it) of all tokens but the first.
  ///
  /// - Throws: `EngineError.notFinite`, `.beyondRange`.
  public func negativeLogLikelihoods(
    _ tokens: [Int], into cache: KVCache, progress: (Int) -> Void = { _ in }
  ) throws -> [Double] {
    let losses = Mutex([Double](repeating: 0, count: max(0, tokens.count - 1)))
    try forEachLogits(tokens, into: cache, observe: { _, _, _ in }, progress: progress) {
      row, logits in
      guard row + 1 < tokens.count else { return }
      let loss = Self.logarithmOfSum(logits) - Double(logits[tokens[row + 1]])
      losses.withLock { $0[row] = loss }
    }
    return losses.withLock { $0 }
  }

  /// What follows each of some tokens, whose pairs are appended to the cache.
  ///
  /// - Parameter observe: Sees each layer's queries, the tokens' own pairs being in the cache.
  /// - Throws: `EngineError`, and what the observer throws.
  public func predictions(
    _ tokens: [Int], into cache: KVCache, observe: QueryObserver = { _, _, _ in }
  ) throws -> Predictions {
    let logarithms = try Matrix(rows: tokens.count, columns: architecture.vocabularySize)
    try forEachLogits(tokens, into: cache, observe: observe, progress: { _ in }) { row, logits in
      let total = Float(Self.logarithmOfSum(logits))
      let target = unsafe logarithms.pointer(row: row)
      for index in logits.indices { unsafe target[index] = logits[index] - total }
    }
    return Predictions(logarithms: logarithms)
  }

  /// The Kullback-Leibler divergence Σ p ln(p / q) in nats after each of some tokens, p being what
  /// was predicted before and q what this cache predicts.
  ///
  /// - Parameter tokens: Those of the predictions; their pairs are appended to the cache.
  /// - Throws: `EngineError.notFinite`, `.beyondRange`.
  public func divergences(
    from predictions: Predictions, _ tokens: [Int], into cache: KVCache
  ) throws -> [Double] {
    precondition(predictions.logarithms.rows == tokens.count)
    let divergences = Mutex([Double](repeating: 0, count: tokens.count))
    try forEachLogits(
      tokens, into: cache, observe: { _, _, _ in }, progress: { _ in }
    ) { row, logits in
      let expected = predictions.logarithms.row(row)
      let total = Float(Self.logarithmOfSum(logits))
      var sum = 0.0
      for index in logits.indices {
        sum += Double(expf(expected[index]) * (expected[index] - (logits[index] - total)))
      }
      divergences.withLock { $0[row] = sum }
    }
    let result = divergences.withLock { $0 }
    guard result.allSatisfy(\.isFinite) else { throw EngineError.notFinite }
    return result
  }

  /// The likeliest token after each of the last `count` tokens; all tokens' pairs are appended to
  /// the cache.
  ///
  /// - Parameters:
  ///   - ready: As in `prefill`.
  ///   - observe: As in `prefill`.
  /// - Throws: `EngineError`, and what the closures throw.
  package func likeliest(
    afterLast count: Int, of tokens: [Int], into cache: KVCache,
    ready: (_ layer: Int) throws -> Void, observe: QueryObserver
  ) throws -> [Int] {
    var result: [Int] = []
    try forEachChunk(tokens, cache, outputs: .all, ready: ready, observe: observe) { range in
      let wanted = range.clamped(to: tokens.count - count..<tokens.count)
      for start in stride(from: wanted.lowerBound, to: wanted.upperBound, by: RunState.logitRows) {
        let rows = start..<min(wanted.upperBound, start + RunState.logitRows)
        try state.computeLogits(
          decoder.weights.output,
          rows: rows.lowerBound - range.lowerBound..<rows.upperBound - range.lowerBound)
        result += rows.indices.map { Sampler.likeliest(state.logits.copy(row: $0 - start)) }
      }
    }
    return result
  }

  /// ln p of a token by the logits before it.
  package static func logarithm(of token: Int, _ logits: [Float]) -> Double {
    Double(logits[token]) - logarithmOfSum(logits.span)
  }

  /// Runs tokens through the model and calls `body` with the logits of each, on all cores.
  private func forEachLogits(
    _ tokens: [Int], into cache: KVCache, observe: QueryObserver, progress: (Int) -> Void,
    _ body: @Sendable (_ token: Int, _ logits: Span<Float>) -> Void
  ) throws {
    let logits = state.logits
    try forEachChunk(tokens, cache, outputs: .all, ready: { _ in }, observe: observe) { range in
      for start in stride(from: 0, to: range.count, by: RunState.logitRows) {
        let rows = start..<min(range.count, start + RunState.logitRows)
        try state.computeLogits(decoder.weights.output, rows: rows)
        Parallel.forEach(rows.count) { _, row in
          body(range.lowerBound + start + row, logits.row(row))
        }
      }
      progress(range.upperBound)
    }
  }

  /// ln Σ exp(logits), computed against the greatest.
  static func logarithmOfSum(_ logits: Span<Float>) -> Double {
    var greatest = -Float.infinity
    for index in logits.indices { greatest = max(greatest, logits[index]) }
    var sum = 0.0
    for index in logits.indices { sum += Double(expf(logits[index] - greatest)) }
    return log(sum) + Double(greatest)
  }
}
