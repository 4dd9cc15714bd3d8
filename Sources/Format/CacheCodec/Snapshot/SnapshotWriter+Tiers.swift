import CacheFormat

extension SnapshotWriter {
  /// Layers whose blocks are in memory at once.
  private static let layersAtOnce = 4

  /// Appends all blocks in their order; only a few layers of one tier are in memory at a time.
  ///
  /// - Parameters:
  ///   - progress: Receives how many blocks are appended, and how many there are.
  ///   - block: The pairs of a tier and layer, as `append` takes them.
  /// - Throws: As `append`.
  package mutating func appendTiers(
    progress: (Int, Int) -> Void = { _, _ in }, block: (_ tier: Int, _ layer: Int) -> PairBlock
  ) throws {
    let (tiers, layers) = (metadata.tiers.tierCount, metadata.context.layers)
    for tier in 0..<tiers {
      for first in stride(from: 0, to: layers, by: Self.layersAtOnce) {
        let some = first..<min(layers, first + Self.layersAtOnce)
        try append(some.map { block(tier, $0) })
        progress(tier * layers + some.upperBound, tiers * layers)
      }
    }
  }
}
