public import CacheFormat
import Inference
public import QFilters

/// What ranks a cache's pairs.
public enum ScorerSource: Sendable {
  /// A model's Q-Filters, and the file they came from.
  case qFilters(FilterBank, path: String)
  /// A scorer that needs nothing but the cache.
  case keys(any Scorer)
  /// SnapKV, which needs the context's last queries.
  case snapKV
  /// Expected Attention, which needs the distribution of the context's queries.
  case expectedAttention

  /// A method by its number in snapshots; nil for Q-Filters without a bank.
  ///
  /// - Parameters:
  ///   - bank: The model's Q-Filters, and the file they came from.
  ///   - seed: Of random numbers.
  public init?(_ scorer: ScorerID, bank: (FilterBank, path: String)?, seed: UInt64) {
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

  /// Who ranks.
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
  /// - Throws: `IdentityMismatch` if the filters are another model's; `MalformedFile` if they say that
  ///   they are this model's and yet do not fit it.
  func check(_ model: LoadedModel) throws {
    guard case .qFilters(let bank, let path) = self else { return }
    try bank.check(model, path: path)
  }

  /// The same, of the model that a cache of this shape is of.
  func check(identity: Identity, cache: FilterShape) throws {
    guard case .qFilters(let bank, let path) = self else { return }
    try bank.check(identity: identity, cache: cache, path: path)
  }

  /// The scorer, if it needs nothing but the cache.
  var keyScorer: (any Scorer)? {
    switch self {
    case .qFilters(let bank, _): QFilterScorer(bank)
    case .keys(let scorer): scorer
    case .snapKV, .expectedAttention: nil
    }
  }
}

extension ScorerID {
  /// Whether keys do not suffice, and the context has to be seen while it is prefilled.
  public var needsQueries: Bool { self == .snapKV || self == .expectedAttention }

  /// What gives these scores by keys; nil for what needs queries, and for Q-Filters without a bank.
  func keyScorer(_ bank: FilterBank?, seed: UInt64 = 0) -> (any Scorer)? {
    switch self {
    case .qFilters: bank.map { QFilterScorer($0) }
    case .streamingLLM: StreamingScorer()
    case .kNorm: KNormScorer()
    case .keyDiff: KeyDiffScorer()
    case .random: RandomScorer(seed: seed)
    case .snapKV, .expectedAttention: nil
    }
  }
}

/// Who ranked a snapshot, as its tables and its provenance say it.
struct RankingOrigin: Equatable {
  let scorer: ScorerID
  let filters: Digest

  init(_ scorer: ScorerID, filters: Digest = .zero) {
    self.scorer = scorer
    self.filters = filters
  }

  /// Who ranked the pairs that a snapshot itself holds.
  init(of metadata: SnapshotMetadata) {
    self.init(metadata.tiers.scorer, filters: metadata.filterDigest)
  }
}

extension RankingOrigin: CustomStringConvertible {
  var description: String {
    scorer.name + (filters == .zero ? "" : " with the bank \(filters.description.prefix(16))…")
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
