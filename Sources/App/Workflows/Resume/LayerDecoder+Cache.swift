import CacheCodec
import CacheFormat
import Inference

extension LayerDecoder {
  /// Decodes selected pairs of a layer into that layer of a cache, which must be empty, in order of
  /// position. Pairs at the positions `tail` follow, which the caller fills in.
  ///
  /// - Throws: As `decode`.
  mutating func load(
    _ selection: KeptPairs, tail: Range<UInt32> = 0..<0, into cache: KVCache
  ) throws {
    let layer = selection.layer
    for (head, positions) in selection.positions.enumerated() {
      cache.restore(layer: layer, head: head, positions: positions + tail)
    }
    try load(.keys, of: selection) { head, write in
      cache.withKeys(layer: layer, head: head, write)
    }
    try load(.values, of: selection) { head, write in
      cache.withValues(layer: layer, head: head, write)
    }
  }

  /// Decodes a tensor in the cache's type, which is not that of another engine's file.
  private mutating func load(
    _ tensor: ChunkTable.Tensor, of selection: KeptPairs,
    memory: (_ head: Int, _ write: (inout MutableRawSpan) -> Void) -> Void
  ) throws {
    let context = chain.metadata.context
    guard context.codec(of: tensor).isForeign else {
      return try decode(tensor, of: selection, memory: memory)
    }
    for (head, bytes) in try bytes(of: tensor, selection).enumerated() {
      let held = chain.heldBytes(
        bytes, of: tensor, layer: selection.layer, head: head,
        positions: selection.positions[head])
      memory(head) { $0.store(held, at: 0) }
    }
  }
}
