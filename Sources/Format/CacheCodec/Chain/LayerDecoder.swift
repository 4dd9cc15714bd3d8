import ByteIO
public import CacheFormat

/// Decodes layers of a chain of snapshots straight into memory that the caller owns.
///
/// It keeps the memory of one chunk for the next. A cache is loaded fastest by one decoder for each
/// thread, each taking layer after layer. For a layer as arrays, use `SnapshotChain.readLayer`.
public struct LayerDecoder: ~Copyable {
  package let chain: SnapshotChain
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
  public mutating func select(
    layer: Int, compression: Int?, before end: Int = .max
  ) throws -> KeptPairs {
    try select(
      try chain.tiersNeeded(compression: compression), layer: layer, compression: compression,
      before: end)
  }

  /// Reads which pairs of a layer are stored, which may be less than the whole cache.
  ///
  /// - Throws: `MalformedFile`, `SystemError`, as `select`.
  public mutating func selectStored(layer: Int, before end: Int = .max) throws -> KeptPairs {
    try select(chain.allTiers, layer: layer, compression: nil, before: end)
  }

  private mutating func select(
    _ tiers: [ChainTier], layer: Int, compression: Int?, before end: Int
  ) throws -> KeptPairs {
    var heads = [[PairOrder]](repeating: [], count: chain.metadata.context.kvHeads)
    let counts = tiers.reduce(into: [Int](repeating: 0, count: chain.snapshots.count)) {
      $0[$1.snapshot] += 1
    }
    for (index, (snapshot, count)) in zip(chain.snapshots, counts).enumerated() {
      let table = snapshot.metadata.tiers
      let place = snapshot.place(tier: count - 1, layer: layer, tensor: .positions)
      for (head, ranked) in try rankings(of: snapshot, layer: layer, tiers: count).enumerated() {
        let kept = compression.flatMap { table.kept(compression: $0, layer: layer, head: head) }
        heads[head].append(
          try PairOrder(
            ranked: ranked, kept: kept ?? ranked.count, allowed: table.positions,
            before: min(end, chain.end(ofSnapshot: index)), place: place))
      }
    }
    return KeptPairs(layer: layer, tiers: tiers, heads: heads.map(KeptPairs.Head.init))
  }

  /// [kvHeads]: the slots of the kept pairs, best first. A tier that is ordered by position stays
  /// so. The rankings of several snapshots are merged (`ChainRanking`).
  public func rankings(of pairs: KeptPairs) -> [[Int]] {
    let ranking = ChainRanking(chain)
    return pairs.heads.map(ranking.order)
  }

  /// Decodes the kept pairs' keys or values, in order of position.
  ///
  /// - Parameters:
  ///   - tensor: `keys` or `values`.
  ///   - pairs: What `select` chose.
  ///   - memory: Called once or more for each head with a function that writes into that head's
  ///     memory: [positions][key or value length] elements of the cache's own type. It must hand
  ///     the same memory to the function each time; less room is a programmer's error.
  /// - Throws: `MalformedFile` that names tier, layer and tensor; `SystemError`.
  public mutating func decode(
    _ tensor: ChunkTable.Tensor, of pairs: KeptPairs,
    memory: (_ head: Int, _ write: (inout MutableRawSpan) -> Void) -> Void
  ) throws {
    try forEachPart(of: tensor, pairs) { chunk, part in
      memory(part.head) { target in
        chunk.decode(
          part.pairs, firstParameter: part.firstParameter, slots: part.slots, into: &target)
      }
    }
    for snapshot in Set(pairs.tiers.map(\.snapshot)).sorted() {
      try decodeBlocks(of: snapshot, tensor, pairs, memory: memory)
    }
  }

  /// Decodes the kept pairs that a transform-coded snapshot holds.
  private func decodeBlocks(
    of snapshot: Int, _ tensor: ChunkTable.Tensor, _ pairs: KeptPairs,
    memory: (_ head: Int, _ write: (inout MutableRawSpan) -> Void) -> Void
  ) throws {
    guard let decoder = chain.blockDecoders[snapshot] else { return }
    let metadata = chain.snapshots[snapshot].metadata
    let (first, end) = (metadata.tiers.positions.lowerBound, chain.end(ofSnapshot: snapshot))
    for (head, kept) in pairs.heads.enumerated() {
      let slot = kept.positions.partitioningIndex { $0 >= first }
      let positions = kept.positions[slot...].prefix { $0 < end }.map { Int($0) - first }
      let place = pairs.layer * metadata.context.kvHeads + head
      let group = try decoder.group(ofHead: place)
      memory(head) { target in
        group.copy(
          tensor, of: metadata.context, head: place, positions: positions, to: &target,
          slot: slot)
      }
    }
  }

  /// One head's part of a chunk.
  struct Part {
    let head: Int
    /// The indices of its pairs in the chunk.
    let pairs: Range<Int>
    /// The number of scales of the heads before it.
    let firstParameter: Int
    /// The slot of each pair, or `noSlot`.
    let slots: ArraySlice<UInt32>
  }

  /// Loads the chunks of the kept pairs' tiers, and calls `body` for each head of each chunk.
  mutating func forEachPart(
    of tensor: ChunkTable.Tensor, _ pairs: KeptPairs,
    _ body: (_ chunk: borrowing ChunkDecoder, _ part: Part) -> Void
  ) throws {
    let layer = pairs.layer
    for tier in pairs.tiers where chain.blockDecoders[tier.snapshot] == nil {
      let reader = chain.snapshots[tier.snapshot]
      try reader.load(&chunk, tier: tier.tier, layer: layer, tensor: tensor)
      let shape = reader.shape(tier: tier.tier, layer: layer, tensor: tensor)
      reader.forEachHead(of: shape, tier: tier.tier, layer: layer) { head, range, firstParameter in
        let ranks = reader.metadata.tiers.ranks(of: tier.tier, layer: layer, head: head)
        let slots = pairs.heads[head].slots[tier.snapshot][ranks]
        body(chunk, Part(head: head, pairs: range, firstParameter: firstParameter, slots: slots))
      }
    }
  }

  /// [kvHeads]: the positions in a snapshot's first tiers, best first. A tier that is ordered by
  /// position stays so.
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

  /// Adds gaps up. A sum beyond 32 bits stays at the greatest number, which is no position.
  private static func ascending(_ gaps: [UInt32]) -> [UInt32] {
    var next: UInt64 = 0
    return gaps.map { gap in
      let position = next + UInt64(gap)
      next = min(position, UInt64(UInt32.max)) + 1
      return UInt32(clamping: position)
    }
  }
}

extension [UInt32] {
  /// The first index whose element satisfies a condition that holds for all after it.
  fileprivate func partitioningIndex(where isAfter: (UInt32) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isAfter(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
