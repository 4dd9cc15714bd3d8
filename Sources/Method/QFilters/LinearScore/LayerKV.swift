/// The pairs of one layer's heads as floats.
public struct LayerKV: Sendable {
  /// The layer, from 0.
  public let layer: Int
  /// The position of each pair, ascending; the same in all heads.
  public let positions: [UInt32]
  /// [kvHeads][pairs × keyLength], after RoPE in half-split order.
  public let keys: [[Float]]
  /// [kvHeads][pairs × valueLength].
  public let values: [[Float]]
  /// Elements of a key.
  public let keyLength: Int
  /// Elements of a value.
  public let valueLength: Int
  /// The position of the next token.
  public let nextPosition: Int

  /// The number of heads.
  public var kvHeads: Int { keys.count }

  /// Some of the pairs, by their index.
  subscript(range: Range<Int>) -> LayerKV {
    LayerKV(
      layer: layer, positions: Array(positions[range]),
      keys: keys.map { Array($0[range.lowerBound * keyLength..<range.upperBound * keyLength]) },
      values: values.map {
        Array($0[range.lowerBound * valueLength..<range.upperBound * valueLength])
      }, keyLength: keyLength, valueLength: valueLength, nextPosition: nextPosition)
  }

  /// Pairs of a layer.
  public init(
    layer: Int, positions: [UInt32], keys: [[Float]], values: [[Float]], keyLength: Int,
    valueLength: Int, nextPosition: Int
  ) {
    (self.layer, self.positions, self.nextPosition) = (layer, positions, nextPosition)
    (self.keys, self.values) = (keys, values)
    (self.keyLength, self.valueLength) = (keyLength, valueLength)
  }
}
