package import CacheCodec
import CacheFormat

/// Which positions of a snapshot survive a compression in which head, counted in cells for a
/// drawing.
///
/// A cell is a group of neighbouring positions in a group of neighbouring heads of one layer; one
/// of each if there is room.
package struct SurvivalMap: Sendable, Equatable {
  /// Neighbouring things in groups of equal size; the last group may be smaller.
  package struct Grouping: Sendable, Equatable {
    /// The number of things.
    package let total: Int
    /// The size of a group.
    package let size: Int

    /// The smallest groups of which there are at most `limit`.
    init(_ total: Int, atMost limit: Int) {
      self.total = total
      size = max(1, (total + limit - 1) / limit)
    }

    /// How many groups there are.
    package var count: Int { (total + size - 1) / size }

    /// How many things one group has.
    package func size(of group: Int) -> Int { min(size, total - group * size) }
  }

  /// The compression ×N.
  package let compression: Int
  /// Layers of the model.
  package let layers: Int
  /// How positions are grouped; a group is a column of cells.
  package let positions: Grouping
  /// How the KV heads of each layer are grouped; a group is a row of cells.
  package let heads: Grouping
  /// How many pairs survive over all layers and heads.
  package let pairs: Int
  /// [layers][rows][columns]: how many pairs of each cell survive.
  private let counts: [Int]

  /// Finds the survivors. Only the positions' chunks of the tiers that hold them are read.
  ///
  /// - Parameters:
  ///   - compression: ×N.
  ///   - columns: The maximum number of columns.
  ///   - rows: The maximum number of rows over all layers; each layer has at least one.
  /// - Throws: As `SnapshotChain.checkStored` and `readPositions`.
  package init(_ chain: SnapshotChain, compression: Int, columns: Int, rows: Int) throws {
    try chain.checkStored(compression: compression)
    let context = chain.metadata.context
    let positions = Grouping(context.tokens, atMost: max(1, columns))
    let heads = Grouping(context.kvHeads, atMost: max(1, rows / context.layers))
    var counts = [Int](repeating: 0, count: context.layers * heads.count * positions.count)
    var pairs = 0
    for layer in 0..<context.layers {
      let kept = try chain.readPositions(layer: layer, compression: compression)
      for (head, survivors) in kept.enumerated() {
        let row = layer * heads.count + head / heads.size
        for position in survivors {
          counts[row * positions.count + Int(position) / positions.size] += 1
        }
        pairs += survivors.count
      }
    }
    self.compression = compression
    layers = context.layers
    self.positions = positions
    self.heads = heads
    self.pairs = pairs
    self.counts = counts
  }

  /// How many pairs of a cell survive.
  package func survivors(layer: Int, row: Int, column: Int) -> Int {
    counts[(layer * heads.count + row) * positions.count + column]
  }

  /// How many pairs of the whole cache are in a cell.
  package func pairs(row: Int, column: Int) -> Int {
    heads.size(of: row) * positions.size(of: column)
  }
}
