package import CacheFormat
import Inference
package import QFilters

/// What a scorer of a cache's pairs is made from.
package enum ScorerSource: Sendable {
  /// A model's Q-Filters, and the file they came from.
  case qFilters(FilterBank, path: String)
  /// A scorer that needs only the cache.
  case keys(any Scorer)
  /// SnapKV, which needs the context's last queries.
  case snapKV
  /// Expected Attention, which needs the distribution of the context's queries.
  case expectedAttention

  /// The source of a scorer by its ID in snapshots; nil for Q-Filters without a bank.
  ///
  /// - Parameters:
  ///   - bank: The model's Q-Filters, and the file they came from.
  ///   - seed: The seed of random scores.
  package init?(_ scorer: ScorerID, bank: (FilterBank, path: String)?, seed: UInt64) {
    switch scorer {
    case .snapKV: self = .snapKV
    case .expectedAttention: self = .expectedAttention
    case .qFilters:
      guard let (bank, path) = bank else { return nil }
      self = .qFilters(bank, path: path)
    default:
      guard let scorer = scorer.keyScorer(nil, seed: seed) else { return nil }
      self = .keys(scorer)
    }
  }

  /// The origin of the ranking.
  var origin: RankingOrigin {
    switch self {
    case .qFilters(let bank, _): RankingOrigin(.qFilters, filters: bank.digest)
    case .keys(let scorer): RankingOrigin(scorer.id, filters: scorer.filterDigest)
    case .snapKV: RankingOrigin(.snapKV)
    case .expectedAttention: RankingOrigin(.expectedAttention)
    }
  }

  /// Checks that filters fit the model.
  ///
  /// - Throws: `IdentityMismatch` if the filters are another model's; `MalformedFile` if they name
  ///   this model and yet do not fit it.
  func check(_ model: LoadedModel) throws {
    guard case .qFilters(let bank, let path) = self else { return }
    try bank.check(model, path: path)
  }

  /// Checks that filters fit the model of a stored cache.
  func check(identity: Identity, cache: FilterShape) throws {
    guard case .qFilters(let bank, let path) = self else { return }
    try bank.check(identity: identity, cache: cache, path: path)
  }

  /// The scorer, if it needs only the cache.
  var keyScorer: (any Scorer)? {
    switch self {
    case .qFilters(let bank, _): QFilterScorer(bank)
    case .keys(let scorer): scorer
    case .snapKV, .expectedAttention: nil
    }
  }
}

extension ScorerID {
  /// Whether the scorer needs the context's queries, which only its prefill shows.
  package var needsQueries: Bool {
    self == .snapKV || self == .expectedAttention || self == .kvzip
  }

  /// The scorer, if it needs only keys; nil for others, and for Q-Filters without a bank.
  func keyScorer(_ bank: FilterBank?, seed: UInt64 = 0) -> (any Scorer)? {
    switch self {
    case .qFilters: bank.map { QFilterScorer($0) }
    case .streamingLLM: StreamingScorer()
    case .kNorm: KNormScorer()
    case .keyDiff: KeyDiffScorer()
    case .random: RandomScorer(seed: seed)
    case .snapKV, .expectedAttention, .kvzip, .linear: nil
    }
  }
}

/// What ranked a snapshot, as its tables and its provenance say.
struct RankingOrigin: Equatable {
  let scorer: ScorerID
  let filters: Digest

  init(_ scorer: ScorerID, filters: Digest = .zero) {
    self.scorer = scorer
    self.filters = filters
  }

  /// What ranked the pairs that a snapshot itself holds.
  init(of metadata: SnapshotMetadata) {
    self.init(metadata.tiers.scorer, filters: metadata.filterDigest)
  }
}

extension RankingOrigin: CustomStringConvertible {
  var description: String {
    scorer.name + (filters == .zero ? "" : " with the bank \(filters.shortened)")
  }
}

extension RankingOrigin: Encodable {
  private enum CodingKeys: CodingKey { case method, filters }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(scorer.name, forKey: .method)
    if filters != .zero { try container.encode(filters.description, forKey: .filters) }
  }
}
