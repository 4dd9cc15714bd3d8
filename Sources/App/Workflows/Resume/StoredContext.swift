import ByteIO
package import CacheCodec
import CacheFormat
package import Inference

/// A snapshot's whole cache in memory.
package struct StoredContext {
  /// All pairs, as elements.
  package let cache: KVCache
  /// Token ids.
  package let tokens: [UInt32]
  /// The size of the snapshot's file and of those that it continues.
  package let bytes: UInt64
  /// The size of its keys and values in the cache's own type.
  package let cacheBytes: UInt64

  /// Reads a snapshot.
  ///
  /// - Parameter room: How many more pairs of a head the cache has room for.
  /// - Throws: `IdentityMismatch` if it is another model's, `CompressionNotStored`,
  ///   `ParentMissing`, `TransformMissing`, `MalformedFile`, `SystemError`, `EngineError`.
  package init(
    _ model: LoadedModel, path: String, with companions: Companions, room: Int
  ) throws {
    let (chain, _) = try Resume.open(path, with: companions, model: model, compression: nil)
    let context = chain.metadata.context
    let plan = try CachePlan(chain, compression: nil, isDecoded: true)
    cache = try plan.emptyCache(shape: model.engine.cacheShape, room: room)
    cache.continue(at: context.tokens)
    let loader = CacheLoader(chain, plan: plan, before: context.tokens, into: cache)
    for layer in 0..<context.layers { try loader.wait(for: layer) }
    tokens = chain.metadata.tokens
    bytes = chain.snapshots.reduce(0) { $0 + $1.fileSize }
    cacheBytes = UInt64(cache.bytes)
  }
}
