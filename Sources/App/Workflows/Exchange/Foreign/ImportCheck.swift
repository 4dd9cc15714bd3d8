import Inference
import QFilters

/// Whether a model computes a cache: it prefills the first tokens, and compares keys and values.
///
/// No other engine's file says which model it is of. Engines round differently, so numbers are
/// alike and not equal. `docs/exchange.md` has the differences that were measured.
struct ImportCheck {
  /// The number of first tokens that are computed.
  static let tokens = 32
  /// The greatest difference, as a share of the length of the vector, by which a key or value of
  /// all heads may differ.
  static let tolerance: Float = 0.5

  /// Where a cache differs from what the model computes.
  struct Difference: Sendable, CustomStringConvertible {
    let layer, position: Int
    let isKey: Bool
    /// The length of the difference as a share of the vector's length.
    let share: Float

    var description: String {
      let percent = share.isFinite ? Int(min(share, 100) * 100) : 10_000
      return "in layer \(layer) the \(isKey ? "key" : "value") of token \(position) is "
        + "\(percent)% off"
    }
  }

  /// The greatest difference between a cache and what a model computes of its first tokens.
  ///
  /// - Throws: `EngineError`.
  static func greatestDifference(
    of cache: KVCache, tokens ids: [Int], _ engine: Engine
  ) throws -> Difference {
    let count = min(tokens, ids.count)
    let computed = try KVCache(shape: cache.shape, dtype: .f32, capacity: count)
    _ = try engine.prefill(Array(ids.prefix(count)), into: computed)
    let positions = (0..<UInt32(count)).map(\.self)[...]
    var greatest = Difference(layer: 0, position: 0, isKey: true, share: 0)
    for layer in 0..<cache.shape.layers {
      let found = cache.pairs(ofLayer: layer, at: positions)
      let expected = computed.pairs(ofLayer: layer, at: positions)
      for (isKey, found, expected) in [
        (true, found.keys, expected.keys), (false, found.values, expected.values),
      ] {
        for (position, share) in shares(found, expected, count).enumerated()
        where !(share <= greatest.share) {
          greatest = Difference(layer: layer, position: position, isKey: isKey, share: share)
        }
      }
    }
    return greatest
  }

  /// Each token's difference over all heads, as a share of the length of what is expected, or of
  /// the usual length in the layer where that is greater: some tokens' values are near zero.
  ///
  /// - Parameters:
  ///   - found: [kvHeads][tokens × elements].
  ///   - expected: Likewise.
  private static func shares(_ found: [[Float]], _ expected: [[Float]], _ count: Int) -> [Float] {
    var squares = [Float](repeating: 0, count: count)
    var differences = squares
    for (found, expected) in zip(found, expected) {
      let length = expected.count / count
      for index in expected.indices {
        let difference = found[index] - expected[index]
        squares[index / length] += expected[index] * expected[index]
        differences[index / length] += difference * difference
      }
    }
    let usual = squares.sorted()[count / 2]
    return zip(differences, squares).map { difference, square in
      (difference / max(square, usual, .leastNormalMagnitude)).squareRoot()
    }
  }
}
