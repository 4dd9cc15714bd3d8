package import CacheFormat

extension SnapshotChain {
  /// Reads what a compression keeps of one layer, in order of position. Only the tiers that hold it
  /// are read.
  ///
  /// - Parameters:
  ///   - layer: 0 … layers − 1.
  ///   - compression: The compression, or nil for the whole cache.
  /// - Throws: `CompressionNotStored`; `MalformedFile` that names tier, layer and tensor, also if a
  ///   position occurs twice; `SystemError`.
  public func readLayer(_ layer: Int, compression: Int?) throws -> LayerPairs {
    var decoder = LayerDecoder(self)
    return try decoder.layer(decoder.select(layer: layer, compression: compression))
  }

  /// Reads everything that is stored of one layer, which may be less than the whole cache.
  ///
  /// - Throws: As `readLayer`, but never `CompressionNotStored`.
  public func readStoredLayer(_ layer: Int) throws -> LayerPairs {
    var decoder = LayerDecoder(self)
    return try decoder.layer(decoder.selectStored(layer: layer))
  }

  /// Reads which positions a compression keeps in each head of one layer. Only the positions'
  /// chunks of the tiers that hold them are read.
  ///
  /// - Parameters:
  ///   - layer: 0 … layers − 1.
  ///   - compression: The compression, or nil for the whole cache.
  /// - Returns: [kvHeads]: positions, ascending.
  /// - Throws: As `readLayer`.
  public func readPositions(layer: Int, compression: Int?) throws -> [[UInt32]] {
    var decoder = LayerDecoder(self)
    return try decoder.select(layer: layer, compression: compression).positions
  }

  /// Reads the ranking of the stored pairs of one layer, and not the pairs.
  ///
  /// - Returns: [kvHeads]: positions, best first, except in a tier that is in order of position.
  /// - Throws: As `readStoredLayer`.
  public func readStoredRanking(layer: Int) throws -> [[UInt32]] {
    var decoder = LayerDecoder(self)
    let pairs = try decoder.selectStored(layer: layer)
    return zip(decoder.rankings(of: pairs), pairs.positions).map { ranking, positions in
      ranking.map { positions[$0] }
    }
  }

  /// Reads which positions are stored in each head of one layer.
  ///
  /// - Returns: [kvHeads]: positions, ascending.
  /// - Throws: As `readStoredLayer`.
  public func readStoredPositions(layer: Int) throws -> [[UInt32]] {
    var decoder = LayerDecoder(self)
    return try decoder.selectStored(layer: layer).positions
  }
}

extension SnapshotChain {
  /// A head's keys or values as a cache of this project holds them. Each snapshot has scales of its
  /// own.
  ///
  /// - Parameters:
  ///   - bytes: Elements of the snapshots' type, in order of position.
  ///   - positions: The positions of the pairs, ascending.
  package func heldBytes(
    _ bytes: [UInt8], of tensor: ChunkTable.Tensor, layer: Int, head: Int, positions: [UInt32]
  ) -> [UInt8] {
    bySnapshot(bytes, of: tensor, layer: layer, positions: positions).flatMap { context, part in
      context.heldBytes(part, of: tensor, layer: layer, head: head)
    }
  }

  /// A head's keys or values as floats.
  ///
  /// - Parameters:
  ///   - bytes: Elements of the snapshots' type, in order of position.
  ///   - positions: The positions of the pairs, ascending.
  package func floats(
    _ bytes: [UInt8], of tensor: ChunkTable.Tensor, layer: Int, head: Int, positions: [UInt32]
  ) -> [Float] {
    bySnapshot(bytes, of: tensor, layer: layer, positions: positions).flatMap { context, part in
      context.floats(part, of: tensor, layer: layer, head: head)
    }
  }

  /// Each snapshot's part of a head's rows.
  private func bySnapshot(
    _ bytes: [UInt8], of tensor: ChunkTable.Tensor, layer: Int, positions: [UInt32]
  ) -> [(ContextDescription, [UInt8])] {
    guard snapshots.count > 1 else { return [(metadata.context, bytes)] }
    let rowBytes = metadata.context.rowBytes(of: tensor, layer: layer)
    var start = 0
    return snapshots.enumerated().map { index, snapshot in
      let count = positions[start...].prefix { $0 < end(ofSnapshot: index) }.count
      defer { start += count }
      return (
        snapshot.metadata.context,
        Array(bytes[start * rowBytes..<(start + count) * rowBytes])
      )
    }
  }
}

extension LayerDecoder {
  fileprivate mutating func layer(_ pairs: KeptPairs) throws -> LayerPairs {
    let keys = try bytes(of: .keys, pairs)
    let values = try bytes(of: .values, pairs)
    let rankings = rankings(of: pairs)
    return LayerPairs(
      heads: pairs.positions.enumerated().map { head, positions in
        LayerPairs.Head(
          ranking: rankings[head].map { positions[$0] }, positions: positions, keys: keys[head],
          values: values[head])
      })
  }

  /// [kvHeads]: the bytes of a tensor.
  package mutating func bytes(
    of tensor: ChunkTable.Tensor, _ pairs: KeptPairs
  ) throws -> [[UInt8]] {
    let context = chain.metadata.context
    let rowBytes = context.rowBytes(of: tensor, layer: pairs.layer)
    var heads = pairs.heads.map {
      [UInt8](repeating: 0, count: $0.positions.count * rowBytes)
    }
    try decode(tensor, of: pairs) { head, write in
      var span = heads[head].mutableSpan
      var bytes = unsafe span.mutableBytes
      write(&bytes)
    }
    return heads
  }
}
