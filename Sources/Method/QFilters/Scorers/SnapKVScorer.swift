public import CacheFormat

/// Keeps the pairs that the context's last queries attend to (SnapKV, arXiv 2404.14469, as in
/// kvpress' `SnapKVPress`). Attention is summed over these queries and over the query heads that
/// share a KV head, and averaged over neighbouring pairs. The last tokens' own pairs come first,
/// the last one before all.
public struct SnapKVScorer: Scorer {
  /// The number of last tokens whose queries count.
  public static let window = 64
  private static let pooling = 5

  /// [layers · kvHeads][pairs].
  private let attention: [[Float]]
  private let kvHeads: Int

  /// Scores the pairs of one context.
  ///
  /// - Parameters:
  ///   - attention: [layers · kvHeads][pairs], the attention of the last `window` queries to each
  ///     pair.
  ///   - kvHeads: KV heads of each layer.
  public init(attention: [[Float]], kvHeads: Int) {
    self.attention = attention
    self.kvHeads = kvHeads
  }

  /// Its number in a snapshot.
  public var id: ScorerID { .snapKV }

  /// One score for each pair, in order of position.
  public func scores(layer: Int, head: Int, keys: [Float], keyLength: Int) -> [Float] {
    let sums = attention[layer * kvHeads + head]
    let before = RecallTopK.pool(Array(sums.dropLast(Self.window)), over: Self.pooling)
    let greatest = before.max() ?? 0
    return before + (0..<sums.count - before.count).map { greatest + 1 + Float($0) }
  }
}
