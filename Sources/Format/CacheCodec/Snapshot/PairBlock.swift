/// The KV pairs of one tier and layer, as `SnapshotWriter` takes them and `SnapshotReader.readChunk`
/// gives them: the heads one after the other, each head's pairs best first, or ascending where the tier is
/// ordered by position (`TierTable.isByPosition`).
public struct PairBlock: Sendable, Equatable {
  /// [pairs]: token positions.
  public var positions: [UInt32]
  /// [pairs][keyLength]: little-endian elements of the cache's own type, after RoPE, half-split.
  public var keys: [UInt8]
  /// [pairs][valueLength]: little-endian elements of the cache's own type.
  public var values: [UInt8]

  /// Brings the three tensors together.
  public init(positions: [UInt32], keys: [UInt8], values: [UInt8]) {
    self.positions = positions
    self.keys = keys
    self.values = values
  }
}
