public import ModelFiles

/// Turns keys as if their tokens were at later positions: RoPE's rotations add up.
public struct KeyShift: Sendable {
  private let model: ModelConfig
  private let rope: RoPETable
  private let positions: Int

  /// Prepares a context's angles.
  ///
  /// - Parameter shifts: By how many positions each of the context's positions moves, fractions
  ///   too.
  /// - Throws: `EngineError.outOfMemory`.
  public init(_ model: ModelConfig, shifts: [Double]) throws(EngineError) {
    self.model = model
    positions = shifts.count
    rope = try RoPETable(model.rope, maximumTokens: shifts.count)
    rope.prepare(shifts: shifts)
  }

  /// Turns the keys of a layer's pairs at the context's positions. A layer with a sliding window
  /// does not change: it sees nothing that is far away.
  ///
  /// - Throws: `EngineError.beyondRange` if the cache's elements do not hold what keys become.
  public func apply(to cache: KVCache, layer: Int) throws(EngineError) {
    guard model.window(ofLayer: layer) == nil else { return }
    var fits = true
    for head in 0..<cache.shape.kvHeads {
      let storage = cache.elements(layer, head)
      let pairs = storage.positions.prefix { $0 < positions }.count
      let headFits = Parallel.allSatisfy(rangesOf: pairs, size: Self.pairsPerItem) { range in
        unsafe storage.updateKeys(
          range, length: model.keyLength, dtype: cache.dtype
        ) { pair, key in
          unsafe rope.rotate(key, row: Int(storage.positions[pair]))
        }
      }
      fits = fits && headFits
    }
    guard fits else { throw .beyondRange(cache.dtype, layer: layer) }
  }

  private static let pairsPerItem = 64
}
