package import CacheCodec
import CacheFormat

/// A snapshot's cache as a safetensors file.
package enum SnapshotExport {
  /// Writes the pairs that a compression keeps, in the cache's own type. One layer is in memory at
  /// a time.
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
    try chain.checkTransforms()
    let context = chain.metadata.context
    let counts = try (0..<context.layers).map { layer in
      try chain.readPositions(layer: layer, compression: compression).map(\.count)
    }
    let tensors = CacheTensors(tokens: chain.metadata.tokens, context: context, counts: counts)
    return try tensors.write(to: out) { layer in
      try chain.readLayer(layer, compression: compression).heads.map {
        PairBlock(positions: $0.positions, keys: $0.keys, values: $0.values)
      }
    }
  }
}
