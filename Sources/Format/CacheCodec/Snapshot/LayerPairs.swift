/// The KV pairs of one layer that a compression keeps.
public struct LayerPairs: Sendable, Equatable {
  /// One KV head's pairs.
  public struct Head: Sendable, Equatable {
    /// Their positions, best first, except in a tier that is in order of position: ×N keeps the
    /// first kept(N) of them.
    public let ranking: [UInt32]
    /// The same positions, ascending; 0, 1, … n − 1 if the whole cache was read.
    public let positions: [UInt32]
    /// [positions][keyLength] elements of the cache's own type, in order of `positions`.
    public let keys: [UInt8]
    /// [positions][valueLength] elements of the cache's own type, in order of `positions`.
    public let values: [UInt8]
  }

  /// [kvHeads]. Heads may hold different numbers of pairs.
  public let heads: [Head]
}
