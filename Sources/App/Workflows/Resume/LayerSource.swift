import CacheCodec
import CacheFormat
package import Inference

/// The layers of a context, one at a time, for recall.
package protocol LayerSource {
  /// How many of a head's pairs ×N keeps: all of them if the layer stays whole.
  func kept(compression: Int, layer: Int, head: Int) -> Int

  /// Fills a layer of the cache with all its pairs, in order of position. Pairs at the positions
  /// `tail` follow, which the caller fills in.
  ///
  /// - Returns: For each head the slots of its pairs in the cache, best first.
  func load(layer: Int, into cache: KVCache, tail: Range<UInt32>) throws -> [[Int]]
}

/// The layers of a chain of snapshots, each read and decoded on demand.
final class SnapshotLayers: LayerSource {
  let chain: SnapshotChain
  let end: Int
  /// Asked before a layer is read: whether nobody waits for the answer any more.
  private let isAbandoned: () -> Bool
  /// Keeps its memory from layer to layer.
  private var decoder: LayerDecoder

  /// The stored pairs at positions before `end`.
  init(
    _ chain: SnapshotChain, before end: Int, isAbandoned: @escaping () -> Bool = { false }
  ) {
    (self.chain, self.end, self.isAbandoned) = (chain, end, isAbandoned)
    decoder = LayerDecoder(chain)
  }

  func kept(compression: Int, layer: Int, head: Int) -> Int {
    let tokens = chain.metadata.context.tokens
    return chain.isKeptWhole(layer: layer, head: head) ? tokens : max(1, tokens / compression)
  }

  func load(layer: Int, into cache: KVCache, tail: Range<UInt32>) throws -> [[Int]] {
    try checkIsAwaited()
    let selection = try decoder.selectStored(layer: layer, before: end)
    try decoder.load(selection, tail: tail, into: cache)
    return decoder.rankings(of: selection)
  }

  /// - Throws: `CancellationError` if nobody waits for the answer any more.
  func checkIsAwaited() throws { if isAbandoned() { throw CancellationError() } }
}
