import CacheCodec
import CacheFormat
import Inference

extension KVCache {
  /// Writes what is held as a safetensors file, pairs in order of position.
  ///
  /// - Parameters:
  ///   - tokens: The ids of all positions before the next one.
  ///   - context: The description of the snapshot that the cache began with; its prompt form is
  ///     that of what is held now.
  ///   - identity: The digests of the snapshot's model, if it has them.
  /// - Returns: The file's size in bytes.
  /// - Throws: `SystemError`.
  func export(
    tokens: [UInt32], context: ContextDescription, identity: Identity?,
    to path: String
  ) throws -> UInt64 {
    let heads = 0..<shape.kvHeads
    let counts = (0..<shape.layers).map { layer in heads.map { count(layer: layer, head: $0) } }
    let tensors = CacheTensors(tokens: tokens, context: context, counts: counts, identity: identity)
    return try tensors.write(to: path) { layer in heads.map { block(layer: layer, head: $0) } }
  }

  private func block(layer: Int, head: Int) -> PairBlock {
    let positions = positions(layer: layer, head: head)
    let slots = positions.indices.sorted { positions[$0] < positions[$1] }
    var block = PairBlock(positions: slots.map { positions[$0] }, keys: [], values: [])
    gather(
      layer: layer, head: head, pairs: slots.map(UInt32.init)[...], keys: &block.keys,
      values: &block.values)
    return block
  }
}
