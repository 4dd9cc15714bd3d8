import CacheFormat

/// A tier of one snapshot of a chain.
public struct ChainTier: Sendable, Hashable {
  /// The snapshot's index in the chain; 0 is the root.
  public let snapshot: Int
  /// The tier's index in the snapshot.
  public let tier: Int
}

extension SnapshotChain {
  /// The tiers that hold what a compression keeps: the first ones of each snapshot, the root's
  /// first.
  ///
  /// - Parameter compression: The compression, or nil for the whole cache.
  /// - Throws: `CompressionNotStored` that names the snapshot.
  public func tiersNeeded(compression: Int?) throws(CompressionNotStored) -> [ChainTier] {
    var tiers: [ChainTier] = []
    for (index, snapshot) in snapshots.enumerated() {
      for tier in 0..<(try snapshot.tiersNeeded(compression: compression)) {
        tiers.append(ChainTier(snapshot: index, tier: tier))
      }
    }
    return tiers
  }

  /// The tiers of all snapshots.
  public var allTiers: [ChainTier] {
    snapshots.enumerated().flatMap { index, snapshot in
      (0..<snapshot.metadata.tiers.tierCount).map { ChainTier(snapshot: index, tier: $0) }
    }
  }
}
