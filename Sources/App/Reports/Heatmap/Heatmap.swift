package import ByteIO
package import CacheCodec
import CacheFormat

/// A drawing of which positions of a snapshot survive in which head.
package struct Heatmap {
  /// What a drawing has room for: a cell is about a pixel wide and at least two high.
  private static let columns = 900
  private static let rows = 1200
  /// The default compression: few pairs, but more than sinks and window.
  private static let usual = 8

  package let compression: Int
  /// The drawing.
  package let svg: String

  /// Finds the survivors of ×`compression` and draws them.
  ///
  /// - Throws: `CompressionNotStored`, `MalformedFile`, `SystemError`.
  package init(_ chain: SnapshotChain, compression: Int?) throws {
    let isRanked = chain.snapshots.allSatisfy(\.metadata.tiers.isRanked)
    self.compression = compression ?? (isRanked ? max(Self.usual, chain.leastCompression) : 1)
    let map = try SurvivalMap(
      chain, compression: self.compression, columns: Self.columns, rows: Self.rows)
    let name = Folder.name(of: chain.path)
    svg = HeatmapDrawing(map: map, name: name, sinks: chain.sinks, window: chain.window).svg
  }

  /// Makes the drawing appear at `path`, whole.
  ///
  /// - Throws: `SystemError`.
  package func write(to path: String) throws(SystemError) {
    try AtomicFile.write(Array(svg.utf8), to: path)
  }
}
