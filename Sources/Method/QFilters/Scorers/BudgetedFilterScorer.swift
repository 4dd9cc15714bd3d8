public import CacheFormat

/// Scores pairs by filters and by a linear score alike, and gives heads budgets by the latter.
///
/// The linear score knows which heads look back and finds facts. Filters continue a text better. So
/// each head's budget comes from the one, and its pairs from both: the two scores are standardised
/// over the head's pairs and added, that of the filters with a quarter of the weight
/// (docs/results.md).
public struct BudgetedFilterScorer: Scorer {
  /// How much of the filters' standardised score is added to the linear one.
  static let filterShare: Float = 0.25

  private let filters: ContextFilterScorer
  private let linear: CacheScores

  /// Scores the pairs of one context.
  ///
  /// - Parameters:
  ///   - filters: What ranks the pairs of a head.
  ///   - linear: The linear scores of the same pairs.
  public init(_ filters: ContextFilterScorer, linear: CacheScores) {
    (self.filters, self.linear) = (filters, linear)
  }

  /// Its number in a snapshot.
  public var id: ScorerID { .qFilters }
  /// The filter bank's digest.
  public var filterDigest: Digest { filters.filterDigest }

  /// One score for each pair, in order of position.
  public func scores(layer: Int, head: Int, keys: [Float], keyLength: Int) -> [Float] {
    let filtered = filters.scores(layer: layer, head: head, keys: keys, keyLength: keyLength)
    let learnt = linear.scores(layer: layer, head: head, keys: keys, keyLength: keyLength)
    return zip(Standardised.scores(filtered), Standardised.scores(learnt)).map {
      Self.filterShare * $0 + $1
    }
  }

  /// The linear score.
  public func budgetScores(layer: Int, head: Int) -> [Float]? {
    linear.budgetScores(layer: layer, head: head)
  }
}
