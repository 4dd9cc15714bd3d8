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
    /// The tiers that hold them.
    let tiers: [Int]
    let heads: [PairOrder]

    /// For each KV head the positions that are kept, ascending.
    public var positions: [[UInt32]] { heads.map(\.positions) }

    /// For each KV head the places of the kept pairs in `positions`, best first.
    public var rankings: [[Int]] {
      heads.map { head in head.slots.filter { $0 != UInt32.max }.map(Int.init) }
    }
  }

  let reader: SnapshotReader
  var chunk = ChunkDecoder()

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
    return Selection(layer: layer, tiers: Array(0..<tiers), heads: heads)
  }

  /// Decodes the selected pairs' keys or values, in order of position.
  ///
  /// - Parameters:
  ///   - tensor: `keys` or `values`.
  ///   - memory: Called some times for each head with a function that writes into that head's memory:
  ///     [positions][key or value length] elements of the cache's own type. It must hand the same memory
  ///     to the function each time; less than that is a programmer's error.
  /// - Throws: `MalformedFile` that names tier, layer and tensor; `SystemError`.
  public mutating func decode(
    _ tensor: ChunkTable.Tensor, of selection: Selection,
    memory: (_ head: Int, _ write: (inout MutableRawSpan) -> Void) -> Void
  ) throws {
    let (reader, layer) = (reader, selection.layer)
    for tier in selection.tiers {
      try reader.load(&chunk, tier: tier, layer: layer, tensor: tensor)
      let shape = reader.shape(tier: tier, layer: layer, tensor: tensor)
      reader.forEachHead(of: shape, tier: tier, layer: layer) { head, pairs, firstParameter in
        let end = reader.metadata.tiers.total(through: tier, layer: layer, head: head)
        let slots = selection.heads[head].slots[end - pairs.count..<end]
        memory(head) { target in
          chunk.decode(pairs, firstParameter: firstParameter, slots: slots, into: &target)
        }
      }
    }
  }

  /// Each head's positions over the first tiers, best first but for a tier that is ordered by position.
  private mutating func rankings(layer: Int, tiers: Int) throws -> [[UInt32]] {
    let table = reader.metadata.tiers
    var rankings = [[UInt32]](repeating: [], count: table.kvHeads)
    for tier in 0..<tiers {
      try reader.load(&chunk, tier: tier, layer: layer, tensor: .positions)
      let shape = reader.shape(tier: tier, layer: layer, tensor: .positions)
      var stored = [UInt32](repeating: 0, count: shape.pairs)
      var span = stored.mutableSpan
      var bytes = unsafe span.mutableBytes
      chunk.decode(0..<shape.pairs, firstParameter: 0, into: &bytes)
      var start = 0
      for head in 0..<table.kvHeads {
        let end = start + table.count(tier: tier, layer: layer, head: head)
        let positions = stored[start..<end].map(UInt32.init(littleEndian:))
        rankings[head] += shape.codec == .positionGaps ? Self.ascending(positions) : positions
        start = end
      }
    }
    return rankings
  }

  /// Adds gaps up. A sum that leaves 32 bits stays at the greatest number, which is no position.
  private static func ascending(_ gaps: [UInt32]) -> [UInt32] {
    var next: UInt64 = 0
    return gaps.map { gap in
      let position = next + UInt64(gap)
      next = min(position, UInt64(UInt32.max)) + 1
      return UInt32(clamping: position)
    }
  }
}
