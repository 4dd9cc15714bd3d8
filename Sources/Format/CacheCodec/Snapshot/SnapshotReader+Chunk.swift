public import CacheFormat

extension SnapshotReader {
  /// Reads, verifies and decodes one chunk.
  ///
  /// A transform-coded snapshot has only chunks of positions; its others are a programmer's error.
  ///
  /// - Returns: The elements of all heads in the cache's own type, as in a `PairBlock`. Positions
  ///   are `u32` as stored: gaps where the tier is in order of position.
  /// - Throws: `MalformedFile` that names tier, layer and tensor; `SystemError`.
  public func readChunk(tier: Int, layer: Int, tensor: ChunkTable.Tensor) throws -> [UInt8] {
    precondition(tensor == .positions || blocks == nil, "a transform's blocks have the pairs")
    var chunk = ChunkDecoder()
    try load(&chunk, tier: tier, layer: layer, tensor: tensor)
    let shape = shape(tier: tier, layer: layer, tensor: tensor)
    let rowBytes = metadata.context.rowBytes(of: tensor, layer: layer)
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
  /// Rejects a tier in a codec of another program.
  ///
  /// - Throws: `PrivateCodec`.
  func checkCodecs(tier: Int) throws {
    for tensor in ChunkTable.Tensor.allCases {
      let codec = codec(of: tensor, tier: tier)
      guard !codec.isPrivate else {
        throw PrivateCodec(place: place(tier: tier, layer: 0, tensor: tensor), codec: codec)
      }
    }
  }
}

extension SnapshotReader {
  /// Calls `body` for each head of a chunk with the range of its pairs in the chunk, and the number
  /// of scales of the heads before it.
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
