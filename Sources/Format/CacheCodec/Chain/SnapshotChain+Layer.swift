import CacheFormat

extension SnapshotChain {
  /// Reads what a compression keeps of one layer, ordered by position; only the tiers that hold it
  /// are read.
  ///
  /// - Parameters:
  ///   - layer: 0 … layers − 1.
  ///   - compression: The compression, or nil for the whole cache.
  /// - Throws: `CompressionNotStored`; `MalformedFile` that names tier, layer and tensor, also if a
  ///   position occurs twice; `SystemError`.
  public func readLayer(_ layer: Int, compression: Int?) throws -> LayerPairs {
    var decoder = LayerDecoder(self)
    return try decoder.pairs(of: decoder.select(layer: layer, compression: compression))
  }

  /// Reads all that is stored of one layer, which may be less than the whole cache.
  ///
  /// - Throws: As `readLayer`, but never `CompressionNotStored`.
  public func readStoredLayer(_ layer: Int) throws -> LayerPairs {
    var decoder = LayerDecoder(self)
    return try decoder.pairs(of: decoder.selectStored(layer: layer))
  }

  /// Reads only which positions a compression keeps in each head of one layer; of the tiers that
  /// hold them, only the positions' chunks are read.
  ///
  /// - Parameters:
  ///   - layer: 0 … layers − 1.
  ///   - compression: The compression, or nil for the whole cache.
  /// - Returns: For each KV head its positions, ascending.
  /// - Throws: As `readLayer`.
  public func readPositions(layer: Int, compression: Int?) throws -> [[UInt32]] {
    var decoder = LayerDecoder(self)
    return try decoder.select(layer: layer, compression: compression).positions
  }

  /// Reads only which positions are stored at all, likewise.
  public func readStoredPositions(layer: Int) throws -> [[UInt32]] {
    var decoder = LayerDecoder(self)
    return try decoder.selectStored(layer: layer).positions
  }
}

extension LayerDecoder {
  fileprivate mutating func pairs(of selection: Selection) throws -> LayerPairs {
    let keys = try bytes(of: .keys, selection)
    let values = try bytes(of: .values, selection)
    let rankings = rankings(of: selection)
    return LayerPairs(
      heads: selection.positions.enumerated().map { head, positions in
        LayerPairs.Head(
          ranking: rankings[head].map { positions[$0] }, positions: positions, keys: keys[head],
          values: values[head])
      })
  }

  /// Each head's pairs as bytes of their own.
  private mutating func bytes(
    of tensor: ChunkTable.Tensor, _ selection: Selection
  ) throws -> [[UInt8]] {
    let context = chain.metadata.context
    let rowBytes = context.elementsPerPair(of: tensor) * context.codec(of: tensor).width
    var heads = selection.heads.map {
      [UInt8](repeating: 0, count: $0.positions.count * rowBytes)
    }
    try decode(tensor, of: selection) { head, write in
      var span = heads[head].mutableSpan
      var bytes = unsafe span.mutableBytes
      write(&bytes)
    }
    return heads
  }
}
