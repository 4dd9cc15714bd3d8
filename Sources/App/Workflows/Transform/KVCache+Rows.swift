import CacheFormat
import Inference
import QFilters

/// The vectors that transform coding sees: for each position the keys before RoPE and the values of
/// some heads.
extension KVCache {
  /// The vectors of a group of heads, [positions × length].
  ///
  /// - Parameters:
  ///   - heads: Counted through all layers.
  ///   - positions: All heads hold them, in this order.
  func rows(of heads: Range<Int>, at positions: ArraySlice<UInt32>, rope: LayerRoPE)
    -> [Float]
  {
    let length = shape.keyLength + shape.valueLength
    let width = heads.count * length
    var rows = [Float](repeating: 0, count: positions.count * width)
    let layers = heads.lowerBound / shape.kvHeads...(heads.upperBound - 1) / shape.kvHeads
    for layer in layers {
      let pairs = pairs(ofLayer: layer, at: positions)
      let keys = rope.layers[layer].undone(
        pairs.keys, at: pairs.positions, length: shape.keyLength)
      for head in 0..<shape.kvHeads {
        let place = layer * shape.kvHeads + head - heads.lowerBound
        guard (0..<heads.count).contains(place) else { continue }
        for row in 0..<positions.count {
          let first = row * width + place * length
          for index in 0..<shape.keyLength {
            rows[first + index] = keys[head][row * shape.keyLength + index]
          }
          for index in 0..<shape.valueLength {
            rows[first + shape.keyLength + index] =
              pairs.values[head][row * shape.valueLength + index]
          }
        }
      }
    }
    return rows
  }
}
