public import CacheFormat

/// How the keys and values of one tier are stored.
public struct TierCodecs: Sendable, Equatable {
  /// The codec of keys: the cache's own type, or a quantised one.
  public var keys: ElementCodec
  /// The codec of values: the cache's own type, or a quantised one.
  public var values: ElementCodec

  /// Codecs of a tier.
  public init(keys: ElementCodec, values: ElementCodec) {
    self.keys = keys
    self.values = values
  }

  /// Both without loss.
  public init(lossless context: ContextDescription) {
    self.init(keys: context.keyCodec, values: context.valueCodec)
  }

  func codec(of tensor: ChunkTable.Tensor, tier: Int, _ tiers: TierTable) -> ElementCodec {
    switch tensor {
    case .positions: tiers.positionCodec(tier: tier)
    case .keys: keys
    case .values: values
    }
  }
}
