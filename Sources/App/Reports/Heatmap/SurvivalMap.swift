import CacheCodec
import CacheFormat

/// Which positions of a snapshot survive a compression in which head, counted in the cells of a
/// drawing.
///
/// A cell is a group of neighbouring positions and neighbouring heads of one layer. It is one
/// position of one head if there is room.
struct SurvivalMap: Sendable, Equatable {
  /// Neighbours that are counted in groups of equal size; the last group may be smaller.
  struct Grouping: Sendable, Equatable {
    /// How many things there are.
    let total: Int
    /// How many of them one group has.
    let size: Int

    /// The smallest groups of which there are at most `limit`.
    init(_ total: Int, atMost limit: Int) {
      self.total = total
      size = max(1, (total + limit - 1) / limit)
    }

    /// How many groups there are.
    var count: Int { (total + size - 1) / size }

    /// How many things one group has.
    func size(of group: Int) -> Int { min(size, total - group * size) }
  }

  /// The compression ×N.
  let compression: Int
  /// Layers of the model.
  let layers: Int
  /// How positions are grouped; a group is a column of cells.
  let positions: Grouping
  /// How the KV heads of each layer are grouped; a group is a row of cells.
  let heads: Grouping
  /// Whether all heads have equal budgets, in every snapshot of the chain.
  let hasEqualBudgets: Bool
  /// How many pairs survive over all layers and heads.
  let pairs: Int
  /// [layers][rows][columns]: how many pairs of each cell survive.
  private let counts: [Int]

  /// Finds the survivors. Only the chunks of positions are read, in the tiers that hold survivors.
  ///
  /// - Parameters:
  ///   - compression: ×N.
  ///   - columns: The maximum number of columns.
  ///   - rows: The maximum number of rows over all layers; each layer has at least one.
  /// - Throws: As `SnapshotChain.checkStored` and `readPositions`.
  init(_ chain: SnapshotChain, compression: Int, columns: Int, rows: Int) throws {
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
    hasEqualBudgets = chain.snapshots.allSatisfy(\.metadata.tiers.hasEqualBudgets)
    self.pairs = pairs
    self.counts = counts
  }

  /// How many pairs of a cell survive.
  func survivors(layer: Int, row: Int, column: Int) -> Int {
    counts[(layer * heads.count + row) * positions.count + column]
  }

  /// What share of a row's pairs survives, 0 … 1.
  func share(layer: Int, row: Int) -> Double {
    let kept = (0..<positions.count).reduce(0) {
      $0 + survivors(layer: layer, row: row, column: $1)
    }
    return Double(kept) / Double(max(1, heads.size(of: row) * positions.total))
  }

  /// How many pairs of the whole cache a cell has.
  func pairs(row: Int, column: Int) -> Int {
    heads.size(of: row) * positions.size(of: column)
  }
}
