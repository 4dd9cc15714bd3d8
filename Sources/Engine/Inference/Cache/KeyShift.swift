public import ModelFiles
import Synchronization

/// Turns keys as if their tokens had stood at later positions: RoPE's rotations add up.
public struct KeyShift: Sendable {
  private let model: ModelConfig
  private let rope: RoPETable
  private let positions: Int

  /// Prepares a context's angles.
  ///
  /// - Parameter shifts: By how many positions each of the context's positions moves; parts of one too.
  /// - Throws: `EngineError.outOfMemory`.
  public init(_ model: ModelConfig, shifts: [Double]) throws(EngineError) {
    self.model = model
    positions = shifts.count
    rope = try RoPETable(model.rope, maximumTokens: shifts.count)
    rope.prepare(shifts: shifts)
  }

  /// Turns the keys of a layer's pairs at the context's positions. A layer with a sliding window stays as it
  /// is: it sees nothing that is far away.
  ///
  /// - Throws: `EngineError.beyondRange` if the cache's elements do not hold what keys become.
  public func apply(to cache: KVCache, layer: Int) throws(EngineError) {
    let fits = Mutex(true)
    guard model.window(ofLayer: layer) == nil else { return }
    for head in 0..<cache.shape.kvHeads {
      let storage = cache.elements(layer, head)
      let pairs = storage.positions.prefix { $0 < positions }.count
      Parallel.forEachRange(of: pairs, size: Self.pairsPerItem) { _, range in
        let isHeld = unsafe storage.updateKeys(
          range, length: model.keyLength, element: cache.element
        ) { pair, key in
          unsafe rope.rotate(key, row: Int(storage.positions[pair]))
        }
        if !isHeld { fits.withLock { $0 = false } }
      }
    }
    guard fits.withLock({ $0 }) else { throw .beyondRange(cache.element, layer: layer) }
  }

  private static let pairsPerItem = 64
}
