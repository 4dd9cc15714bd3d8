/// What ranks a head's pairs by their keys alone: the lowest scores go first.
public protocol PairScorer: Sendable {
  /// One score a pair, in order of position.
  ///
  /// - Parameters:
  ///   - keys: [pairs × length], keys after RoPE in half-split order.
  ///   - length: Elements of a key.
  func scores(keys: [Float], length: Int) -> [Float]
}

/// The length of the key, negative: small keys draw attention (K-norm, arXiv 2406.11430).
public struct KNormScorer: PairScorer {
  /// K-norm has no settings.
  public init() {}

  /// −‖k‖.
  public func scores(keys: [Float], length: Int) -> [Float] {
    keys.rows(of: length).map { -$0.dot($0).squareRoot() }
  }
}

/// How little a key resembles the others: the negative cosine with the mean of all keys of length 1
/// (KeyDiff, arXiv 2504.15364).
public struct KeyDiffScorer: PairScorer {
  /// KeyDiff has no settings.
  public init() {}

  /// −cos(k, mean of k/‖k‖).
  public func scores(keys: [Float], length: Int) -> [Float] {
    let rows = keys.rows(of: length)
    let norms = rows.map { max($0.dot($0).squareRoot(), 1e-12) }
    var mean = [Float](repeating: 0, count: length)
    for (row, norm) in zip(rows, norms) {
      for index in 0..<length { mean[index] += row[row.startIndex + index] / norm }
    }
    let meanNorm = max(mean[...].dot(mean[...]).squareRoot(), 1e-12)
    return zip(rows, norms).map { -$0.dot(mean[...]) / ($1 * meanNorm) }
  }
}

/// The newest pairs are the best: with sinks, Streaming-LLM (arXiv 2309.17453).
public struct RecencyScorer: PairScorer {
  /// Recency has no settings.
  public init() {}

  /// The pair's place.
  public func scores(keys: [Float], length: Int) -> [Float] {
    (0..<keys.count / length).map(Float.init)
  }
}

/// Any order, the same one for the same seed.
public struct RandomScorer: PairScorer {
  private let seed: UInt64

  /// Heads that are to be ranked differently need different seeds.
  public init(seed: UInt64) { self.seed = seed }

  /// A number from 0 to 1 a pair, by SplitMix64.
  public func scores(keys: [Float], length: Int) -> [Float] {
    var state = seed
    return (0..<keys.count / length).map { _ in
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
      return Float(mixed >> 40) / Float(1 << 24)
    }
  }
}

extension [Float] {
  fileprivate func rows(of length: Int) -> [ArraySlice<Float>] {
    stride(from: 0, to: count, by: length).map { self[$0..<$0 + length] }
  }
}

extension ArraySlice<Float> {
  fileprivate func dot(_ other: ArraySlice<Float>) -> Float {
    zip(self, other).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
