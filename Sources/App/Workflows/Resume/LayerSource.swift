import CacheCodec
import CacheFormat
package import Inference

/// Where recall takes a context's layers from, one at a time.
package protocol LayerSource {
  /// How many pairs of a head 1/`compression` is; all of them in a layer that was asked to stay whole.
  func kept(compression: Int, layer: Int, head: Int) -> Int

  /// Fills a layer of the cache with all pairs, in order of position, in front of others, at the positions
  /// `tail`, that the caller fills in.
  ///
  /// - Returns: For each head the places of its pairs in that order, best first.
  func load(layer: Int, into cache: KVCache, tail: Range<UInt32>) throws -> [[Int]]
}

/// The layers of a chain of snapshots, each read and decoded when it is asked for.
final class SnapshotLayers: LayerSource {
  let chain: SnapshotChain
  let end: Int
  /// Keeps its memory from layer to layer.
  private var decoder: LayerDecoder

  /// All stored pairs at positions before `end`.
  init(_ chain: SnapshotChain, before end: Int) {
    self.chain = chain
    self.end = end
    decoder = LayerDecoder(chain)
  }

  func kept(compression: Int, layer: Int, head: Int) -> Int {
    let tokens = chain.metadata.context.tokens
    return chain.isKeptWhole(layer: layer, head: head) ? tokens : max(1, tokens / compression)
  }

  func load(layer: Int, into cache: KVCache, tail: Range<UInt32>) throws -> [[Int]] {
    let selection = try decoder.selectStored(layer: layer, before: end)
    try decoder.load(selection, tail: tail, into: cache)
    return decoder.rankings(of: selection)
  }
}
