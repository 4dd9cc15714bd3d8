/// The KV pairs of one tier and layer, for `SnapshotWriter` and from `SnapshotReader.readChunk`.
/// Heads follow one another. Each head's pairs are best first, or ascending where the tier is in
/// order of position (`TierTable.isByPosition`).
public struct PairBlock: Sendable, Equatable {
  /// [pairs]: token positions.
  public var positions: [UInt32]
  /// [pairs][keyLength]: little-endian elements of the cache's own type, after RoPE, half-split.
  public var keys: [UInt8]
  /// [pairs][valueLength]: little-endian elements of the cache's own type.
  public var values: [UInt8]

  /// A block of three tensors.
  public init(positions: [UInt32], keys: [UInt8], values: [UInt8]) {
    self.positions = positions
    self.keys = keys
    self.values = values
  }
}
