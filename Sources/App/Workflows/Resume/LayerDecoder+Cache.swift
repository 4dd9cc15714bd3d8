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
    try decode(.keys, of: selection) { head, write in
      cache.withKeys(layer: layer, head: head, write)
    }
    try decode(.values, of: selection) { head, write in
      cache.withValues(layer: layer, head: head, write)
    }
  }
}
