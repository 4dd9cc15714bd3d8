import CacheCodec
import CacheFormat
import QFilters

/// A layer's pairs until the snapshot is written, in order of position.
struct NewLayer: Sendable {
  /// The position of the first pair.
  let firstPosition: Int
  /// [kvHeads][pairs][keyLength], elements of the snapshot's type.
  let keys: [[UInt8]]
  /// [kvHeads][pairs][valueLength], likewise.
  let values: [[UInt8]]
  /// [kvHeads][pairs]; empty unless scores come with the pairs.
  let scores: [[Float]]

  /// The pairs as floats.
  func floats(_ layer: Int, _ context: ContextDescription) -> LayerKV {
    LayerKV(
      layer: layer, positions: (firstPosition..<context.tokens).map { UInt32($0) },
      keys: keys.map(context.keyCodec.floats), values: values.map(context.valueCodec.floats),
      keyLength: context.keyLength, valueLength: context.valueLength,
      nextPosition: context.tokens)
  }

  /// The pairs of a tier.
  ///
  /// - Parameter orders: [kvHeads]: indices of each head's pairs, in the tier's order.
  func block(_ orders: [ArraySlice<UInt32>], _ context: ContextDescription) -> PairBlock {
    let count = orders.reduce(0) { $0 + $1.count }
    var block = PairBlock(positions: [], keys: [], values: [])
    let (keyBytes, valueBytes) = (
      context.rowBytes(of: .keys, layer: 0), context.rowBytes(of: .values, layer: 0)
    )
    block.positions.reserveCapacity(count)
    block.keys.reserveCapacity(count * keyBytes)
    block.values.reserveCapacity(count * valueBytes)
    for (head, order) in orders.enumerated() {
      for index in order.map(Int.init) {
        block.positions.append(UInt32(firstPosition + index))
        block.keys += keys[head][index * keyBytes..<(index + 1) * keyBytes]
        block.values += values[head][index * valueBytes..<(index + 1) * valueBytes]
      }
    }
    return block
  }
}
