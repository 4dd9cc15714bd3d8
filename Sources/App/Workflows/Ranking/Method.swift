public import CacheFormat

/// How pairs are chosen; named as the field names them.
public enum Method: Sendable, Hashable {
  /// The whole cache, for comparison.
  case full
  /// By a score; there are those that a snapshot may name.
  case ranked(ScorerID)
  /// What the question itself attends to, among all pairs.
  case recall
}

extension Method: CaseIterable, RawRepresentable {
  /// All of them.
  public static var allCases: [Method] {
    [.full] + ScorerID.allCases.map(Method.ranked) + [.recall]
  }

  /// The name.
  public var rawValue: String {
    switch self {
    case .full: "full"
    case .ranked(let scorer): scorer.name
    case .recall: "recall"
    }
  }

  /// The method of that name.
  public init?(rawValue: String) {
    guard let method = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = method
  }

  /// What Q-Filters attend to (arXiv 2503.02812), as published or as the tool does it (`ContextFilterScorer`).
  public static let qFilters = Method.ranked(.qFilters)
  /// Sinks and the newest (arXiv 2309.17453).
  public static let streamingLLM = Method.ranked(.streamingLLM)
  /// Small keys (arXiv 2406.11430).
  public static let kNorm = Method.ranked(.kNorm)
  /// What the last tokens of the context attend to (arXiv 2404.14469).
  public static let snapKV = Method.ranked(.snapKV)
  /// What queries like the context's are expected to attend to (arXiv 2510.00636).
  public static let expectedAttention = Method.ranked(.expectedAttention)
  /// Keys unlike the others (arXiv 2504.15364).
  public static let keyDiff = Method.ranked(.keyDiff)
  /// By chance.
  public static let random = Method.ranked(.random)
}
