public import CacheFormat

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
    var decoder = LayerDecoder(self)
    let selection = try decoder.select(layer: layer, ratio: ratio)
    let keys = try decoder.bytes(of: .keys, selection, context: metadata.context)
    let values = try decoder.bytes(of: .values, selection, context: metadata.context)
    return LayerPairs(
      heads: selection.heads.enumerated().map { head, order in
        LayerPairs.Head(
          ranking: order.ranking, positions: order.positions, keys: keys[head], values: values[head]
        )
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
    var decoder = LayerDecoder(self)
    return try decoder.select(layer: layer, ratio: ratio).positions
  }

  /// Reads, verifies and decodes one chunk.
  ///
  /// - Returns: The elements of all heads in the cache's own type, as `PairBlock` lays them out. Positions
  ///   are `u32` as they are stored, which is gaps where the tier is ordered by position.
  /// - Throws: `MalformedFile` that names tier, layer and tensor; `SystemError`.
  public func readChunk(tier: Int, layer: Int, tensor: ChunkTable.Tensor) throws -> [UInt8] {
    var chunk = ChunkDecoder()
    try load(&chunk, tier: tier, layer: layer, tensor: tensor)
    let shape = shape(tier: tier, layer: layer, tensor: tensor)
    let rowBytes = shape.rowLength * metadata.context.codec(of: tensor).width
    var elements = [UInt8](repeating: 0, count: shape.pairs * rowBytes)
    var span = elements.mutableSpan
    var bytes = unsafe span.mutableBytes
    forEachHead(of: shape, tier: tier, layer: layer) { _, pairs, firstParameter in
      let slots = pairs.map { UInt32($0) }
      chunk.decode(pairs, firstParameter: firstParameter, slots: slots[...], into: &bytes)
    }
    return elements
  }
}

extension SnapshotReader {
  /// Calls `body` for each head of a chunk with its pairs' places in the chunk, and how many scales the
  /// heads before it have.
  func forEachHead(
    of shape: ChunkShape, tier: Int, layer: Int,
    _ body: (_ head: Int, _ pairs: Range<Int>, _ firstParameter: Int) -> Void
  ) {
    var (first, parameter) = (0, 0)
    for head in 0..<metadata.tiers.kvHeads {
      let count = metadata.tiers.count(tier: tier, layer: layer, head: head)
      body(head, first..<first + count, parameter)
      first += count
      parameter += ChunkShape.parameters(
        of: count, codec: shape.codec, tensor: shape.tensor, rowLength: shape.rowLength)
    }
  }
}

extension LayerDecoder {
  /// Each head's pairs as bytes of their own.
  fileprivate mutating func bytes(
    of tensor: ChunkTable.Tensor, _ selection: Selection, context: ContextDescription
  ) throws -> [[UInt8]] {
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
