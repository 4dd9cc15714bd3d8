import ByteIO
import CacheCodec
import CacheFormat

/// The pairs of one layer that a compression keeps.
public struct SnapshotLayer: Sendable {
  /// One KV head's pairs, in order of position.
  public struct Head: Sendable {
    /// [pairs]: their positions, ascending.
    public let positions: [UInt32]
    /// [pairs][keyLength]: the keys after RoPE, half-split, in the snapshot's own type.
    public let keys: [UInt8]
    /// [pairs][valueLength]: the values, likewise.
    public let values: [UInt8]

    fileprivate let chain: SnapshotChain
    fileprivate let layer, head: Int

    /// [pairs][keyLength]: the keys as floats, computed at each call.
    public var keyFloats: [Float] { floats(keys, of: .keys) }
    /// [pairs][valueLength]: the values as floats, likewise.
    public var valueFloats: [Float] { floats(values, of: .values) }

    private func floats(_ bytes: [UInt8], of tensor: ChunkTable.Tensor) -> [Float] {
      chain.floats(bytes, of: tensor, layer: layer, head: head, positions: positions)
    }
  }

  /// [KV heads of the layer]. Heads may keep different numbers of pairs.
  public let heads: [Head]
}

extension Snapshot {
  /// Reads what a compression keeps of a layer. Only the part of the file that holds it is read.
  ///
  /// - Parameters:
  ///   - layer: 0 … layers − 1.
  ///   - compression: N of ×N, or nil for all that is stored.
  /// - Throws: `SnapshotError`: of kind `usage` if the snapshot does not hold ×N.
  public func layer(_ layer: Int, compression: Int? = nil) throws(SnapshotError) -> SnapshotLayer {
    try SnapshotError.translating {
      let pairs = try select(layer, compression) { decoder, kept in
        try (kept.positions, decoder.bytes(of: .keys, kept), decoder.bytes(of: .values, kept))
      }
      let count = chain.metadata.context.kvHeads(ofLayer: layer)
      return SnapshotLayer(
        heads: (0..<count).map { head in
          SnapshotLayer.Head(
            positions: pairs.0[head], keys: pairs.1[head], values: pairs.2[head], chain: chain,
            layer: layer, head: head)
        })
    }
  }

  /// How many pairs a compression keeps of a layer.
  ///
  /// - Parameters:
  ///   - layer: 0 … layers − 1.
  ///   - compression: N of ×N, or nil for all that is stored.
  /// - Returns: [kvHeads]; 0 for a head that the layer does not have.
  /// - Throws: `SnapshotError`.
  public func pairCounts(layer: Int, compression: Int? = nil) throws(SnapshotError) -> [Int] {
    try SnapshotError.translating {
      try select(layer, compression) { _, kept in kept.positions.map(\.count) }
    }
  }

  /// Selects what a compression keeps of a layer.
  func select<Value>(
    _ layer: Int, _ compression: Int?,
    _ body: (inout LayerDecoder, KeptPairs) throws -> Value
  ) throws -> Value {
    guard 0..<layers ~= layer else {
      throw SnapshotError(.usage, "\(chain.path): there is no layer \(layer): it has \(layers)")
    }
    guard compression.map({ $0 >= 1 }) ?? true else {
      throw SnapshotError(.usage, "a compression is at least 1")
    }
    try chain.checkDecodable(compression: compression)
    try chain.prefetch(compression: compression)
    var decoder = LayerDecoder(chain)
    let kept =
      try compression.map { try decoder.select(layer: layer, compression: $0) }
      ?? decoder.selectStored(layer: layer)
    return try body(&decoder, kept)
  }
}
