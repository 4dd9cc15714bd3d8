package import CacheFormat

/// How pairs are chosen. The names are those of the field.
package enum Method: Sendable, Hashable {
  /// The whole cache, for comparison.
  case full
  /// By a score; every scorer that a snapshot may name.
  case ranked(ScorerID)
  /// By what the question itself attends to, among all pairs.
  case recall
}

extension Method: CaseIterable, RawRepresentable {
  /// All of them.
  package static var allCases: [Method] {
    [.full] + ScorerID.methods.map(Method.ranked) + [.recall]
  }

  /// The name.
  package var rawValue: String {
    switch self {
    case .full: "full"
    case .ranked(let scorer): scorer.name
    case .recall: "recall"
    }
  }

  /// The method of that name.
  package init?(rawValue: String) {
    guard let method = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = method
  }

  /// What Q-Filters attend to (arXiv 2503.02812), as published or turned (`ContextFilterScorer`).
  package static let qFilters = Method.ranked(.qFilters)
  /// Sinks and the newest pairs (arXiv 2309.17453).
  package static let streamingLLM = Method.ranked(.streamingLLM)
  /// Small keys (arXiv 2406.11430).
  package static let kNorm = Method.ranked(.kNorm)
  /// What the last tokens of the context attend to (arXiv 2404.14469).
  package static let snapKV = Method.ranked(.snapKV)
  /// What queries with the context's distribution are expected to attend to (arXiv 2510.00636).
  package static let expectedAttention = Method.ranked(.expectedAttention)
  /// Keys that differ from the others (arXiv 2504.15364).
  package static let keyDiff = Method.ranked(.keyDiff)
  /// Random pairs.
  package static let random = Method.ranked(.random)
}
