package import ByteIO
package import CacheFormat

/// What a scorer of a cache's pairs is made from.
package enum ScorerSource: Sendable {
  /// A model's Q-Filters, and the file they came from.
  case qFilters(FilterBank, path: String)
  /// A model's linear score, and the file it came from.
  case linear(FilterBank, path: String)
  /// A scorer that needs only the cache.
  case keys(any Scorer)
  /// SnapKV, which needs the context's last queries.
  case snapKV
  /// KVzip, which needs a repetition of the context.
  case kvzip
  /// Expected Attention, which needs the distribution of the context's queries.
  case expectedAttention

  /// The source of a scorer by its ID in snapshots; nil without a bank if the scorer needs one.
  ///
  /// - Parameters:
  ///   - bank: The model's Q-Filters, and the file they came from.
  ///   - seed: The seed of random scores.
  package init?(_ scorer: ScorerID, bank: (FilterBank, path: String)?, seed: UInt64) {
    switch scorer {
    case .snapKV: self = .snapKV
    case .expectedAttention: self = .expectedAttention
    case .kvzip: self = .kvzip
    case .qFilters, .linear:
      guard let (bank, path) = bank else { return nil }
      self = scorer == .linear ? .linear(bank, path: path) : .qFilters(bank, path: path)
    default:
      guard let scorer = scorer.keyScorer(nil, seed: seed) else { return nil }
      self = .keys(scorer)
    }
  }

  /// The origin of the ranking.
  package var origin: RankingOrigin {
    switch self {
    case .qFilters(let bank, _): RankingOrigin(.qFilters, filters: bank.digest)
    case .linear(let bank, _): RankingOrigin(.linear, filters: bank.digest)
    case .keys(let scorer): RankingOrigin(scorer.id, filters: scorer.filterDigest)
    case .snapKV: RankingOrigin(.snapKV)
    case .kvzip: RankingOrigin(.kvzip)
    case .expectedAttention: RankingOrigin(.expectedAttention)
    }
  }

  /// The filter bank and the file it came from, if the scorer has one.
  package var filterBank: FilterBank? { bank?.0 }

  package var bank: (FilterBank, path: String)? {
    switch self {
    case .qFilters(let bank, let path), .linear(let bank, let path): (bank, path)
    case .keys, .snapKV, .kvzip, .expectedAttention: nil
    }
  }

  package func checkLinearScore() throws(NoLinearScore) {
    guard case .linear(let bank, let path) = self, bank.linear == nil else { return }
    throw NoLinearScore(path: path)
  }

  /// Whether heads get budgets of their own.
  package func givesBudgets(_ retention: RetentionPolicy) -> Bool {
    guard !retention.hasEqualBudgets else { return false }
    switch self {
    case .qFilters(let bank, _): return retention.usesLinearScore(of: bank)
    case .linear, .kvzip: return true
    case .keys, .snapKV, .expectedAttention: return false
    }
  }

  /// Checks that filters fit the model of a stored cache.
  package func check(identity: SnapshotIdentity, of snapshot: String, cache: FilterShape) throws {
    guard let (bank, path) = bank else { return }
    let identity = try identity.values(provingThat: path, fits: snapshot)
    try bank.check(identity: identity, cache: cache, path: path)
    try checkLinearScore()
  }
}

/// A filter bank has no linear score for a context.
package struct NoLinearScore: CategorisedError, Sendable {
  /// The bank.
  package let path: String
  /// The most tokens of a context that its linear score is for; nil if it has none.
  package let longest: Int?

  /// Names the bank.
  package init(path: String, longest: Int? = nil) { (self.path, self.longest) = (path, longest) }

  /// Another request can be met.
  package var category: FailureCategory { .usage }

  /// One sentence that says what is wrong.
  package var description: String {
    longest.map {
      "\(path) has a linear score for contexts of at most \($0) tokens, because RoPE of this model "
        + "changes beyond; prefill the text again to rank it"
    } ?? "\(path) has no linear score; compute it again with precompute"
  }
}

extension ScorerID {
  /// Whether the scorer needs the context's queries, which only its prefill shows.
  package var needsQueries: Bool {
    self == .snapKV || self == .expectedAttention || self == .kvzip
  }

  /// The scorer, if it needs only keys; nil for others, and for Q-Filters without a bank.
  package func keyScorer(_ bank: FilterBank?, seed: UInt64 = 0) -> (any Scorer)? {
    switch self {
    case .qFilters: bank.map { QFilterScorer($0) }
    case .streamingLLM: StreamingScorer()
    case .kNorm: KNormScorer()
    case .keyDiff: KeyDiffScorer()
    case .random: RandomScorer(seed: seed)
    case .snapKV, .expectedAttention, .kvzip, .linear, .unranked, .other: nil
    }
  }
}
