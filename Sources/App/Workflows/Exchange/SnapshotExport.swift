package import CacheCodec
import CacheFormat

/// A snapshot's cache as a safetensors file.
package enum SnapshotExport {
  /// Writes the pairs that a compression keeps, in the cache's own type; FP8 and Q8_0 become f16.
  /// One layer is in memory at a time.
  ///
  /// - Parameters:
  ///   - companions: Files in other folders that it needs.
  ///   - compression: ×N, or nil for the whole cache.
  /// - Returns: The file's size in bytes.
  /// - Throws: `CompressionNotStored`, `MalformedFile`, `SystemError`; as `SnapshotChain`.
  package static func run(
    snapshot: String, with companions: Companions, compression: Int?, out: String
  ) throws -> UInt64 {
    let chain = try SnapshotChain(path: snapshot, with: companions)
    try chain.checkStored(compression: compression)
    try chain.checkDecodable(compression: compression)
    try chain.prefetch(compression: compression)
    let context = chain.metadata.context
    let counts = try (0..<context.layers).map { layer in
      try chain.readPositions(layer: layer, compression: compression).map(\.count)
    }
    let tensors = CacheTensors(
      tokens: chain.metadata.tokens, context: context.held, counts: counts,
      identity: chain.metadata.identity.values)
    return try tensors.write(to: out) { layer in
      let pairs = try chain.readLayer(layer, compression: compression)
      return pairs.heads.enumerated().map { head, pairs in
        func held(_ bytes: [UInt8], _ tensor: ChunkTable.Tensor) -> [UInt8] {
          chain.heldBytes(
            bytes, of: tensor, layer: layer, head: head, positions: pairs.positions)
        }
        return PairBlock(
          positions: pairs.positions, keys: held(pairs.keys, .keys),
          values: held(pairs.values, .values))
      }
    }
  }
}
