import CacheFormat

extension SnapshotReader {
  /// Reads what a compression keeps of one layer, ordered by position; only the tiers that hold it
  /// are read.
  ///
  /// - Parameters:
  ///   - layer: 0 … layers − 1.
  ///   - ratio: The compression, or nil for the whole cache.
  /// - Throws: `CompressionNotStored`; `MalformedFile` that names tier, layer and tensor, also if a
  ///   position occurs twice; `SystemError`.
  public func readLayer(_ layer: Int, ratio: Int?) throws -> LayerPairs {
    let tiers = try tiersNeeded(ratio: ratio)
    let orders = try orders(layer: layer, tiers: tiers, ratio: ratio)
    let keys = try gather(.keys, layer: layer, tiers: tiers, orders: orders)
    let values = try gather(.values, layer: layer, tiers: tiers, orders: orders)
    return LayerPairs(
      heads: orders.indices.map { head in
        LayerPairs.Head(
          ranking: orders[head].ranking, positions: orders[head].positions, keys: keys[head],
          values: values[head])
      })
  }

  /// Reads only which positions a compression keeps in each head of one layer; of the tiers that
  /// hold them, only the positions' chunks are read.
  ///
  /// - Parameters:
  ///   - layer: 0 … layers − 1.
  ///   - ratio: The compression, or nil for the whole cache.
  /// - Returns: For each KV head its positions, ascending.
  /// - Throws: As `readLayer`.
  public func readPositions(layer: Int, ratio: Int?) throws -> [[UInt32]] {
    try orders(layer: layer, tiers: tiersNeeded(ratio: ratio), ratio: ratio).map(\.positions)
  }

  /// Each head's ranking over the first tiers, and its order by position.
  func orders(layer: Int, tiers: Int, ratio: Int?) throws -> [PairOrder] {
    let table = metadata.tiers
    var rankings = [[UInt32]](repeating: [], count: table.kvHeads)
    for tier in 0..<tiers {
      var rest = try positions(tier: tier, layer: layer)[...]
      for head in 0..<table.kvHeads {
        let count = table.count(tier: tier, layer: layer, head: head)
        rankings[head] += rest.prefix(count)
        rest = rest.dropFirst(count)
      }
    }
    let place = place(tier: tiers - 1, layer: layer, tensor: .positions)
    return try rankings.enumerated().map { head, ranked in
      let kept = ratio.flatMap { table.kept(ratio: $0, layer: layer, head: head) }
      return try PairOrder(
        ranked: ranked, kept: kept ?? ranked.count, tokens: table.tokens, place: place)
    }
  }

  /// Each head's kept pairs of one tensor in order of position.
  private func gather(
    _ tensor: ChunkTable.Tensor, layer: Int, tiers: Int, orders: [PairOrder]
  ) throws -> [[UInt8]] {
    let planes = try (0..<tiers).map { try self.planes(tier: $0, layer: layer, tensor: tensor) }
    let rowLength = metadata.context.elementsPerPair(of: tensor)
    let rowBytes = rowLength * metadata.context.codec(of: tensor).width
    var firstRows = [Int](repeating: 0, count: tiers)
    return orders.enumerated().map { head, order in
      unsafe [UInt8](unsafeUninitializedCapacity: order.positions.count * rowBytes) {
        buffer, filled in
        var slots = order.slots[...]
        for tier in 0..<tiers {
          let count = metadata.tiers.count(tier: tier, layer: layer, head: head)
          unsafe planes[tier].merge(
            rows: firstRows[tier]..<firstRows[tier] + count, rowLength: rowLength,
            slots: slots.prefix(count), into: buffer)
          firstRows[tier] += count
          slots = slots.dropFirst(count)
        }
        filled = order.positions.count * rowBytes
      }
    }
  }
}
