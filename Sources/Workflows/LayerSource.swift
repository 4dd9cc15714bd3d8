import CacheCodec
import CacheFormat
import Inference

/// Where recall takes a context's layers from, one at a time.
protocol LayerSource {
  /// How many pairs of a head 1/`ratio` is; all of them in a layer that every compression leaves whole.
  func kept(ratio: Int, layer: Int, head: Int) -> Int

  /// Fills a layer of the cache with all pairs, in order of position, in front of others, at the positions
  /// `tail`, that the caller fills in.
  ///
  /// - Returns: For each head the places of its pairs in that order, best first.
  func load(layer: Int, into cache: KVCache, tail: Range<UInt32>) throws -> [[Int]]
}

/// The layers of a snapshot, each read and decoded when it is asked for.
final class SnapshotLayers: LayerSource {
  let reader: SnapshotReader
  let end: Int
  private let least: Int?
  /// Keeps its memory from layer to layer.
  private var decoder: LayerDecoder

  /// All stored pairs at positions before `end`.
  init(_ reader: SnapshotReader, before end: Int) {
    self.reader = reader
    self.end = end
    decoder = LayerDecoder(reader)
    let tiers = reader.metadata.tiers
    least = tiers.isWhole ? nil : tiers.ratios[tiers.tierCount - 1]
  }

  func kept(ratio: Int, layer: Int, head: Int) -> Int {
    let tiers = reader.metadata.tiers
    let isWhole = tiers.floor(layer: layer, head: head) == tiers.tokens
    return isWhole ? tiers.tokens : max(1, tiers.tokens / ratio)
  }

  func load(layer: Int, into cache: KVCache, tail: Range<UInt32>) throws -> [[Int]] {
    try decoder.load(layer: layer, ratio: least, before: end, tail: tail, into: cache).rankings
  }
}
