import CacheCodec
import CacheFormat
import Inference

extension LayerDecoder {
  /// Decodes what a compression keeps of a layer into the layer's empty part of a cache, in order of
  /// position, in front of pairs at the positions `tail`, which the caller fills in.
  ///
  /// - Returns: Which pairs these are.
  /// - Throws: As `select` and `decode`.
  mutating func load(
    layer: Int, ratio: Int?, before end: Int, tail: Range<UInt32> = 0..<0, into cache: KVCache
  ) throws -> Selection {
    let selection = try select(layer: layer, ratio: ratio, before: end)
    try load(selection, tail: tail, into: cache)
    return selection
  }

  /// Decodes selected pairs, likewise.
  mutating func load(
    _ selection: Selection, tail: Range<UInt32> = 0..<0, into cache: KVCache
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
