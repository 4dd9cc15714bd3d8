import CacheFormat
import Platform

/// What a linear score sees of the pairs of one layer, a row for each position (spec, section 4.7).
///
/// Rows are the keys of all heads before RoPE, the values of all heads, the lengths of these keys
/// and values, the squares of the lengths, three functions of the pair's age, and 1. The age counts
/// in layers with a sliding window alone: old pairs there are soon out of it.
public enum PairFeatures {
  /// Numbers in a row.
  ///
  /// - Parameters:
  ///   - kvHeads: KV heads of a layer.
  ///   - pairLength: Elements of a key and of a value together.
  public static func count(kvHeads: Int, pairLength: Int) -> Int { kvHeads * (pairLength + 4) + 4 }

  /// The rows of a layer's pairs, one after the other.
  ///
  /// - Parameters:
  ///   - pairs: All heads at the same positions.
  ///   - layer: The layer's RoPE.
  static func rows(of pairs: LayerKV, _ layer: LayerRoPE.Layer) -> [Float] {
    let (heads, keyLength, valueLength) = (pairs.kvHeads, pairs.keyLength, pairs.valueLength)
    let positions = pairs.positions
    let width = count(kvHeads: heads, pairLength: keyLength + valueLength)
    var rows = [Float](repeating: 0, count: positions.count * width)
    let unturned = layer.undone(pairs.keys, at: positions, length: keyLength)
    for (head, keys) in unturned.enumerated() {
      let values = pairs.values[head]
      for row in positions.indices {
        let start = row * width
        let (keyStart, valueStart) = (
          start + head * keyLength, start + heads * keyLength + head * valueLength
        )
        for i in 0..<keyLength { rows[keyStart + i] = keys[row * keyLength + i] }
        for i in 0..<valueLength { rows[valueStart + i] = values[row * valueLength + i] }
      }
      let lengths = (
        VectorLengths.lengths(keys, of: keyLength), VectorLengths.lengths(values, of: valueLength)
      )
      for row in positions.indices {
        let end = row * width + heads * (keyLength + valueLength) + head
        let (key, value) = (lengths.0[row], lengths.1[row])
        (rows[end], rows[end + heads]) = (key, value)
        (rows[end + 2 * heads], rows[end + 3 * heads]) = (key * key, value * value)
      }
    }
    for (row, position) in positions.enumerated() {
      let end = (row + 1) * width
      if let window = layer.window {
        let distance = min(max(0, pairs.nextPosition - 1 - Int(position)), window)
        let age = Float(distance) / Float(window)
        (rows[end - 4], rows[end - 3], rows[end - 2]) = (age, age * age, logf(age + 0.01))
      }
      rows[end - 1] = 1
    }
    return rows
  }
}
