import ByteIO
public import CacheFormat

/// Decodes layers of a chain of snapshots straight into memory that the caller owns.
///
/// It keeps the memory of one chunk for the next, so a cache is best loaded by one decoder for each
/// thread, each taking layer after layer. For a layer as arrays, use `SnapshotChain.readLayer`.
public struct LayerDecoder: ~Copyable {
  /// Which pairs of a layer a compression keeps.
  public struct Selection: Sendable {
    /// The layer.
    public let layer: Int
    /// The tiers that hold them.
    let tiers: [ChainTier]
    let heads: [HeadSelection]

    /// For each KV head the positions that are kept, ascending.
    public var positions: [[UInt32]] { heads.map(\.positions) }
  }

  let chain: SnapshotChain
  var chunk = ChunkDecoder()

  /// Decodes layers of this chain.
  public init(_ chain: SnapshotChain) { self.chain = chain }

  /// Reads which pairs of a layer a compression keeps.
  ///
  /// - Parameters:
  ///   - layer: 0 … layers − 1.
  ///   - compression: The compression, or nil for the whole cache.
  ///   - end: Only pairs at positions before this one are kept.
  /// - Throws: `CompressionNotStored`; `MalformedFile` that names tier, layer and tensor, also if a
  ///   position occurs twice; `SystemError`.
  public mutating func select(layer: Int, compression: Int?, before end: Int = .max) throws
    -> Selection
  {
    try select(
      try chain.tiersNeeded(compression: compression), layer: layer, compression: compression,
      before: end)
  }

  /// Reads which pairs of a layer are stored at all, which may be less than the whole cache.
  ///
  /// - Throws: `MalformedFile`, `SystemError`, as `select`.
  public mutating func selectStored(layer: Int, before end: Int = .max) throws -> Selection {
    try select(chain.allTiers, layer: layer, compression: nil, before: end)
  }

  private mutating func select(
    _ tiers: [ChainTier], layer: Int, compression: Int?, before end: Int
  ) throws -> Selection {
    var links = [[PairOrder]](repeating: [], count: chain.metadata.context.kvHeads)
    let counts = tiers.reduce(into: [Int](repeating: 0, count: chain.links.count)) {
      $0[$1.link] += 1
    }
    for (index, (link, count)) in zip(chain.links, counts).enumerated() {
      let table = link.metadata.tiers
      let place = link.place(tier: count - 1, layer: layer, tensor: .positions)
      for (head, ranked) in try rankings(of: link, layer: layer, tiers: count).enumerated() {
        let kept = compression.flatMap { table.kept(compression: $0, layer: layer, head: head) }
        links[head].append(
          try PairOrder(
            ranked: ranked, kept: kept ?? ranked.count, allowed: table.positions,
            before: min(end, chain.end(ofLink: index)), place: place))
      }
    }
    return Selection(layer: layer, tiers: tiers, heads: links.map(HeadSelection.init))
  }

  /// For each KV head the places of the selected pairs in its positions, best first, but for those of a tier
  /// that is ordered by position. What links rank by themselves is merged (`ChainRanking`).
  public func rankings(of selection: Selection) -> [[Int]] {
    let ranking = ChainRanking(chain)
    return selection.heads.map(ranking.order)
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
    try forEachPart(of: tensor, selection) { chunk, head, pairs, firstParameter, slots in
      memory(head) { target in
        chunk.decode(pairs, firstParameter: firstParameter, slots: slots, into: &target)
      }
    }
  }

  /// Loads the chunks of the selected tiers, and calls `body` for each head of each, with its pairs' places in
  /// the chunk, how many scales the heads before it have, and where its pairs go.
  mutating func forEachPart(
    of tensor: ChunkTable.Tensor, _ selection: Selection,
    _ body: (
      _ chunk: borrowing ChunkDecoder, _ head: Int, _ pairs: Range<Int>, _ firstParameter: Int,
      _ slots: ArraySlice<UInt32>
    ) -> Void
  ) throws {
    let layer = selection.layer
    for part in selection.tiers {
      let reader = chain.links[part.link]
      try reader.load(&chunk, tier: part.tier, layer: layer, tensor: tensor)
      let shape = reader.shape(tier: part.tier, layer: layer, tensor: tensor)
      reader.forEachHead(of: shape, tier: part.tier, layer: layer) { head, pairs, firstParameter in
        let ranks = reader.metadata.tiers.ranks(of: part.tier, layer: layer, head: head)
        body(chunk, head, pairs, firstParameter, selection.heads[head].slots[part.link][ranks])
      }
    }
  }

  /// Each head's positions over a link's first tiers, best first but for a tier that is ordered by position.
  private mutating func rankings(
    of reader: SnapshotReader, layer: Int, tiers: Int
  ) throws -> [[UInt32]] {
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
