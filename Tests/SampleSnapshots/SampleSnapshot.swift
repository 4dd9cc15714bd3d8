package import CacheCodec
package import CacheFormat
package import TestSupport

/// A random small cache with a random ranking, and the snapshot of it.
package struct SampleSnapshot {
  package let metadata: SnapshotMetadata
  /// [layers · kvHeads]: positions best first.
  package let rankings: [[UInt32]]
  /// [layers · kvHeads][tokens]: the bytes of each key and value.
  package let keys, values: [[[UInt8]]]

  package init(
    random: inout SeededGenerator, tokens: Int? = nil, layers: Int? = nil, kvHeads: Int? = nil,
    keyLength: Int? = nil, valueLength: Int? = nil,
    compression: Int = 1, codec: ElementCodec? = nil, isFinite: Bool = false
  ) {
    let codec = codec ?? ElementCodec.elements.randomElement(using: &random) ?? .float16
    let tokens = tokens ?? Int.random(in: 0...200, using: &random)
    var context = ContextDescription(
      layers: layers ?? .random(in: 1...3, using: &random),
      kvHeads: kvHeads ?? .random(in: 1...3, using: &random),
      keyLength: keyLength ?? .random(in: 1...9, using: &random),
      valueLength: valueLength ?? .random(in: 1...9, using: &random),
      tokens: tokens, promptForm: .plain, keyCodec: codec, valueCodec: codec)
    let heads = context.layers * context.kvHeads
    if codec.isFloat8 {
      context.scales = FP8Scales(
        keys: random.floats(heads).map { abs($0) + 0.5 },
        values: random.floats(heads).map { abs($0) + 0.5 })
    }
    let floors = (0..<heads).map { _ in Int.random(in: 0...max(1, tokens / 3), using: &random) }
    metadata = Self.metadata(context, floors: floors, compression: compression)
    rankings = (0..<heads).map { _ in (0..<UInt32(tokens)).shuffled(using: &random) }
    func pairs(length: Int) -> [[[UInt8]]] {
      Self.pairs(
        heads, tokens: tokens, length: length / codec.numbers, width: codec.width,
        isFinite: isFinite, &random)
    }
    keys = pairs(length: context.keyLength)
    values = pairs(length: context.valueLength)
  }

  private init(_ other: SampleSnapshot, compression: Int) {
    let table = other.metadata.tiers
    let floors = (0..<other.rankings.count).map {
      table.floor(layer: $0 / table.kvHeads, head: $0 % table.kvHeads)
    }
    metadata = Self.metadata(other.metadata.context, floors: floors, compression: compression)
    (rankings, keys, values) = (other.rankings, other.keys, other.values)
  }

  /// The same cache, made at another compression.
  package func made(at compression: Int) -> SampleSnapshot {
    SampleSnapshot(self, compression: compression)
  }

  package func write(to path: String, _ precision: Precision? = nil) throws {
    var writer = try SnapshotWriter(
      path: path, metadata: metadata, codecs: precision?.codecs(metadata.tiers))
    try writer.append(blocks)
    _ = try writer.finish()
  }

  /// All blocks, tier by tier, layer by layer.
  package var blocks: [PairBlock] {
    let table = metadata.tiers
    return (0..<table.tierCount).flatMap { tier in
      (0..<table.layers).map { layer in
        var block = PairBlock(positions: [], keys: [], values: [])
        for head in 0..<table.kvHeads {
          let index = layer * table.kvHeads + head
          let end = table.total(through: tier, layer: layer, head: head)
          let start = end - table.count(tier: tier, layer: layer, head: head)
          var positions = rankings[index][start..<end]
          if table.isByPosition(tier: tier) { positions.sort() }
          for position in positions {
            block.positions.append(position)
            block.keys += keys[index][Int(position)]
            block.values += values[index][Int(position)]
          }
        }
        return block
      }
    }
  }

  /// What ×`compression` must give of a head: its best pairs in order of position.
  package func expected(layer: Int, head: Int, kept: Int) -> (
    positions: [UInt32], keys: [UInt8], values: [UInt8]
  ) {
    let index = layer * metadata.context.kvHeads + head
    let positions = rankings[index].prefix(kept).sorted()
    return (
      positions, positions.flatMap { keys[index][Int($0)] },
      positions.flatMap { values[index][Int($0)] }
    )
  }

  private static func metadata(
    _ context: ContextDescription, floors: [Int], compression: Int
  ) -> SnapshotMetadata {
    func digest(_ byte: UInt8) -> Digest { Digest([UInt8](repeating: byte, count: 32)) }
    return SnapshotMetadata(
      identity: SnapshotIdentity(
        values: Identity(
          weights: digest(1), architecture: digest(2), rope: digest(3), tokenizer: digest(4))),
      filterDigest: digest(5), context: context,
      tiers: TierTable(
        sinks: 0, window: 0, layers: context.layers, kvHeads: context.kvHeads,
        tokens: context.tokens,
        floors: floors, compression: compression),
      tokens: (0..<UInt32(context.tokens)).map { $0 * 7 }, provenance: #"{"tool":"test"}"#)
  }

  private static func pairs(
    _ heads: Int, tokens: Int, length: Int, width: Int, isFinite: Bool,
    _ random: inout SeededGenerator
  ) -> [[[UInt8]]] {
    (0..<heads).map { _ in
      (0..<tokens).map { _ in
        (0..<length * width).map { byte in
          // The exponent stays below the greatest, and below binary16's in every type.
          if isFinite, byte % width == width - 1 { return .random(in: 0x38...0x41, using: &random) }
          // Alternately random and alike, so that some planes compress and others do not.
          return byte % 2 == 0 || isFinite ? .random(in: 0...255, using: &random) : 60
        }
      }
    }
  }
}
