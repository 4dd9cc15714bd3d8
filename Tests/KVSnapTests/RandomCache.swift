import TestSupport

/// A random cache in float32, [layers][kvHeads].
struct RandomCache {
  static let tokens = 300

  let keys, values: [[[UInt8]]]
  let scores: [[[Float]]]

  init(seed: UInt64, pairs: Int = tokens) {
    var random = SeededGenerator(seed: seed)
    func bytes(_ length: Int) -> [[[UInt8]]] {
      (0..<2).map { _ in
        (0..<3).map { _ in random.floats(pairs * length).flatMap(Self.bytes) }
      }
    }
    keys = bytes(4)
    values = bytes(6)
    scores = (0..<2).map { _ in (0..<3).map { _ in random.floats(pairs) } }
  }

  private static func bytes(_ value: Float) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) }
  }

  /// The pairs of one position.
  func pair(_ layer: Int, _ head: Int, at index: Int) -> (keys: [UInt8], values: [UInt8]) {
    (
      Array(keys[layer][head][index * 16..<(index + 1) * 16]),
      Array(values[layer][head][index * 24..<(index + 1) * 24])
    )
  }
}
