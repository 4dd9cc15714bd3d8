import QFilters

/// How pairs are chosen; named as the field names them.
public enum Method: String, Sendable, CaseIterable {
  /// The whole cache, for comparison.
  case full
  /// ⟨key after RoPE, Q-Filter⟩ (arXiv 2503.02812).
  case qFilters = "q-filters"
  /// Sinks and the newest (arXiv 2309.17453).
  case streamingLLM = "streaming-llm"
  /// Small keys (arXiv 2406.11430).
  case kNorm = "k-norm"
  /// What the last tokens of the context attend to (arXiv 2404.14469).
  case snapKV = "snapkv"
  /// Keys unlike the others (arXiv 2504.15364).
  case keyDiff = "keydiff"
  /// By chance.
  case random
  /// What the question itself attends to, among all pairs.
  case recall
}

extension Method {
  /// How the method ranks pairs by their keys; nil for the whole cache and for methods that need queries.
  ///
  /// - Parameter bank: The model's Q-Filters, which only `q-filters` needs.
  func scorer(_ bank: FilterBank?) -> (any PairScorer)? {
    switch self {
    case .qFilters: bank.map { QFilterScorer($0) }
    case .streamingLLM: StreamingScorer()
    case .kNorm: KNormScorer()
    case .keyDiff: KeyDiffScorer()
    case .random: RandomScorer(seed: 0)
    case .full, .snapKV, .recall: nil
    }
  }
}
