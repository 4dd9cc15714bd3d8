import ByteIO
public import CacheFormat

/// Short keys are kept: −‖k‖ (arXiv 2406.11430).
public struct KNormScorer: Scorer {
  /// Needs only keys.
  public init() {}

  /// Its number in a snapshot.
  public var id: ScorerID { .kNorm }

  /// One score for each pair, in order of position.
  public func scores(layer: Int, head: Int, keys: [Float], keyLength: Int) -> [Float] {
    VectorLengths.lengths(keys, of: keyLength).map { -$0 }
  }
}

/// Keys that differ from the others are kept: −cos(k, mean of k / ‖k‖) (arXiv 2504.15364).
public struct KeyDiffScorer: Scorer {
  /// Needs only keys.
  public init() {}

  /// Its number in a snapshot.
  public var id: ScorerID { .keyDiff }

  /// One score for each pair, in order of position.
  public func scores(layer: Int, head: Int, keys: [Float], keyLength: Int) -> [Float] {
    // A key of length 0 has no direction.
    let lengths = VectorLengths.lengths(keys, of: keyLength).map { max($0, .leastNormalMagnitude) }
    var anchor = [Float](repeating: 0, count: keyLength)
    for (pair, length) in lengths.enumerated() {
      for i in 0..<keyLength { anchor[i] += keys[pair * keyLength + i] / length }
    }
    return zip(QFilterScorer.scores(keys: keys, filter: anchor), lengths).map { -$0 / $1 }
  }
}

/// Late positions are kept (arXiv 2309.17453); its sinks are those of the ranking.
public struct StreamingScorer: Scorer {
  /// Needs nothing.
  public init() {}

  /// Its number in a snapshot.
  public var id: ScorerID { .streamingLLM }

  /// One score for each pair, in order of position.
  public func scores(layer: Int, head: Int, keys: [Float], keyLength: Int) -> [Float] {
    (0..<keys.count / keyLength).map { Float($0) }
  }
}

/// Random pairs are kept, the same ones for the same seed.
public struct RandomScorer: Scorer {
  private let seed: UInt64

  /// Other seeds keep other pairs.
  public init(seed: UInt64) { self.seed = seed }

  /// Its number in a snapshot.
  public var id: ScorerID { .random }

  /// One score for each pair, in order of position.
  public func scores(layer: Int, head: Int, keys: [Float], keyLength: Int) -> [Float] {
    scores(
      layer: layer, head: head, positions: Array(0..<UInt32(keys.count / keyLength)), keys: keys,
      keyLength: keyLength)
  }

  /// A pair's score does not change when others are dropped.
  public func scores(
    layer: Int, head: Int, positions: [UInt32], keys: [Float], keyLength: Int
  ) -> [Float] {
    let base = SplitMix64.first(seed: seed)
    return positions.map { position in
      let pair = (UInt64(layer) << 12 | UInt64(head)) << 32 | UInt64(position)
      return Float(SplitMix64.first(seed: base ^ pair) >> 40)
    }
  }
}
