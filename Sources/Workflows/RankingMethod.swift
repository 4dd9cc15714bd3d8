import ByteIO
import CacheFormat
import Inference
public import QFilters

/// What ranks a cache's pairs.
public enum RankingMethod: Sendable {
  /// A model's Q-Filters, and the file they came from.
  case qFilters(FilterBank, path: String)
  /// A scorer that needs nothing but the cache.
  case keys(any PairScorer)

  /// The scorer, if it fits the model.
  ///
  /// - Throws: `IdentityMismatch` if the filters are another model's; `MalformedFile` if they say that
  ///   they are this model's and yet do not fit it.
  func scorer(identity: Identity, cache: FilterShape) throws -> any PairScorer {
    switch self {
    case .keys(let scorer): return scorer
    case .qFilters(let bank, let path):
      try bank.identity.check(against: identity, path: path)
      guard bank.shape == cache else {
        throw MalformedFile(
          path: path, section: "FILT",
          problem: "filters of \(bank.shape), but its own model has \(cache); compute them again")
      }
      return QFilterScorer(bank)
    }
  }
}

/// Who ranked a snapshot, in its provenance.
struct RankingOrigin: Encodable {
  let method: String
  let filters: String?

  init(_ scorer: any PairScorer) {
    method = scorer.scorer.name
    filters = scorer.filterDigest == .zero ? nil : scorer.filterDigest.description
  }
}
