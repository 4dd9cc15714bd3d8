import CacheFormat

/// A tier of one link of a chain.
public struct ChainTier: Sendable, Hashable {
  /// The link's place in the chain; 0 is the root.
  public let link: Int
  /// The tier's place in the link.
  public let tier: Int
}

extension SnapshotChain {
  /// The tiers that hold what a compression keeps: of each link the first ones, link by link.
  ///
  /// - Parameter compression: The compression, or nil for the whole cache.
  /// - Throws: `CompressionNotStored` that names the link.
  public func tiersNeeded(compression: Int?) throws(CompressionNotStored) -> [ChainTier] {
    var tiers: [ChainTier] = []
    for (index, link) in links.enumerated() {
      for tier in 0..<(try link.tiersNeeded(compression: compression)) {
        tiers.append(ChainTier(link: index, tier: tier))
      }
    }
    return tiers
  }

  /// The tiers of all links.
  public var allTiers: [ChainTier] {
    links.enumerated().flatMap { index, link in
      (0..<link.metadata.tiers.tierCount).map { ChainTier(link: index, tier: $0) }
    }
  }
}
