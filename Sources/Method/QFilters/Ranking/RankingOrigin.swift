package import CacheFormat

/// What ranked a snapshot, as its tables and its provenance say.
package struct RankingOrigin: Equatable, Sendable {
  package let scorer: ScorerID
  package let filters: Digest

  package init(_ scorer: ScorerID, filters: Digest = .zero) {
    self.scorer = scorer
    self.filters = filters
  }

  /// What ranked the pairs that a snapshot itself holds.
  package init(of metadata: SnapshotMetadata) {
    self.init(metadata.tiers.scorer, filters: metadata.filterDigest)
  }
}

extension RankingOrigin: CustomStringConvertible {
  package var description: String {
    scorer.name + (filters == .zero ? "" : " with the bank \(filters.shortened)")
  }
}

extension RankingOrigin: Encodable {
  private enum CodingKeys: CodingKey { case method, filters }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(scorer.name, forKey: .method)
    if filters != .zero { try container.encode(filters.description, forKey: .filters) }
  }
}
