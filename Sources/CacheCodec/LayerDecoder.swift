import ByteIO
public import CacheFormat

/// Decodes layers of a snapshot straight into memory that the caller owns.
///
/// It keeps the memory of one chunk for the next, so a cache is best loaded by one decoder for each
/// thread, each taking layer after layer. For a layer as arrays, use `SnapshotReader.readLayer`.
public struct LayerDecoder: ~Copyable {
  /// Which pairs of a layer a compression keeps.
  public struct Selection: Sendable {
    /// The layer.
    public let layer: Int
    let tiers: Int
    let heads: [PairOrder]

    /// For each KV head the positions that are kept, ascending.
    public var positions: [[UInt32]] { heads.map(\.positions) }

    /// For each KV head the places of the kept pairs in `positions`, best first.
    public var rankings: [[Int]] {
      heads.map { head in head.slots.filter { $0 != UInt32.max }.map(Int.init) }
    }
  }

  private let reader: SnapshotReader
  private var planes = BytePlanes()

  /// Decodes layers of this snapshot.
  public init(_ reader: SnapshotReader) { self.reader = reader }

  /// Reads which pairs of a layer a compression keeps.
  ///
  /// - Parameters:
  ///   - layer: 0 … layers − 1.
  ///   - ratio: The compression, or nil for the whole cache.
  ///   - end: Only pairs at positions before this one are kept.
  /// - Throws: `CompressionNotStored`; `MalformedFile` that names tier, layer and tensor, also if a
  ///   position occurs twice; `SystemError`.
  public mutating func select(layer: Int, ratio: Int?, before end: Int = .max) throws -> Selection {
    let tiers = try reader.tiersNeeded(ratio: ratio)
    let rankings = try rankings(layer: layer, tiers: tiers)
    let table = reader.metadata.tiers
    let place = reader.place(tier: tiers - 1, layer: layer, tensor: .positions)
    let heads = try rankings.enumerated().map { head, ranked in
      let kept = ratio.flatMap { table.kept(ratio: $0, layer: layer, head: head) }
      return try PairOrder(
        ranked: ranked, kept: kept ?? ranked.count, tokens: table.tokens, before: end, place: place)
    }
    return Selection(layer: layer, tiers: tiers, heads: heads)
  }

  /// Decodes the selected pairs' keys or values, in order of position.
  ///
  /// - Parameters:
  ///   - tensor: `keys` or `values`.
  ///   - memory: Called some times for each head with a function that writes into that head's memory:
  ///     [positions][key or value length] elements in the context's codec. It must hand the same memory
  ///     to the function each time; less than that is a programmer's error.
  /// - Throws: `MalformedFile` that names tier, layer and tensor; `SystemError`.
  public mutating func decode(
    _ tensor: ChunkTable.Tensor, of selection: Selection,
    memory: (_ head: Int, _ write: (inout MutableRawSpan) -> Void) -> Void
  ) throws {
    let table = reader.metadata.tiers
    let rowLength = reader.metadata.context.elementsPerPair(of: tensor)
    for tier in 0..<selection.tiers {
      try reader.load(&planes, tier: tier, layer: selection.layer, tensor: tensor)
      var row = 0
      for (head, order) in selection.heads.enumerated() {
        let end = table.total(through: tier, layer: selection.layer, head: head)
        let count = table.count(tier: tier, layer: selection.layer, head: head)
        let slots = order.slots[end - count..<end]
        memory(head) { target in
          planes.merge(rows: row..<row + count, rowLength: rowLength, slots: slots, into: &target)
        }
        row += count
      }
    }
  }

  /// Each head's positions over the first tiers, best first.
  private mutating func rankings(layer: Int, tiers: Int) throws -> [[UInt32]] {
    let table = reader.metadata.tiers
    var rankings = [[UInt32]](repeating: [], count: table.kvHeads)
    for tier in 0..<tiers {
      try reader.load(&planes, tier: tier, layer: layer, tensor: .positions)
      let count = table.pairs(tier: tier, layer: layer)
      var positions = [UInt32](repeating: 0, count: count)
      var span = positions.mutableSpan
      var bytes = unsafe span.mutableBytes
      planes.merge(rows: 0..<count, rowLength: 1, into: &bytes)
      var start = 0
      for head in 0..<table.kvHeads {
        let end = start + table.count(tier: tier, layer: layer, head: head)
        rankings[head] += positions[start..<end].lazy.map(UInt32.init(littleEndian:))
        start = end
      }
    }
    return rankings
  }
}
