import ByteIO
public import CacheFormat
import Dispatch
import Synchronization

/// Writes a snapshot tier by tier, without a second copy of the cache.
///
/// Chunks go straight to their final place. The snapshot appears at its path, whole, when `finish`
/// returns. A writer that is released before leaves no file. Equal input gives equal bytes,
/// whatever the number of threads.
public struct SnapshotWriter: ~Copyable {
  private let path: String
  let metadata: SnapshotMetadata
  private let codecs: [TierCodecs]
  private var container: ContainerWriter
  private var entries: [ChunkTable.Entry] = []
  /// How a transform's blocks are cut, if there are any.
  let layout: BlockLayout?
  private(set) var blockEntries: [BlockTable.Entry] = []
  /// How well a transform fits the blocks that it has coded so far.
  public internal(set) var fit = TransformFit()

  /// Begins a snapshot.
  ///
  /// - Parameters:
  ///   - path: Where it will appear.
  ///   - metadata: Everything except the pairs.
  ///   - codecs: [tiers]: how each tier is stored; without loss if nil. A codec that the context
  ///     does not allow is a programmer's error.
  ///   - layout: How a transform's blocks are cut, if one codes all tiers; `codecs` then do not
  ///     count.
  ///   - secrets: Whose keys open it; none for a snapshot that is not encrypted.
  /// - Throws: `MalformedFile` if a reader would reject the metadata, `SystemError` if no file can
  ///   be created there.
  public init(
    path: String, metadata: SnapshotMetadata, codecs: [TierCodecs]? = nil,
    layout: BlockLayout? = nil, secrets: [Secret] = []
  ) throws {
    try metadata.check(path: path)
    let usual =
      layout == nil
      ? TierCodecs(lossless: metadata.context) : TierCodecs(keys: .transform, values: .transform)
    let all = Array(repeating: usual, count: metadata.tiers.tierCount)
    let codecs = layout == nil ? codecs ?? all : all
    Self.check(codecs, metadata)
    var container = try ContainerWriter(
      path: path, kind: .snapshot, sections: Self.lengths(metadata, layout), secrets: secrets)
    for section in metadata.sections { try container.write(section.bytes, to: section.type) }
    self.path = path
    self.metadata = metadata
    self.codecs = codecs
    self.container = container
    self.layout = layout
  }

  /// The sections with their lengths in bytes.
  private static func lengths(
    _ metadata: SnapshotMetadata, _ layout: BlockLayout?
  ) -> [(SectionType, UInt64)] {
    let sections = metadata.sections
    return FileKind.snapshot.sections.compactMap { type in
      switch type {
      case .chunks:
        return (type, ChunkTable.byteCount(context: metadata.context, tiers: metadata.tiers))
      case .blocks: return layout.map { (type, BlockTable.byteCount($0)) }
      case .data: return (type, 0)
      default:
        return sections.first { $0.type == type }.map { (type, UInt64($0.bytes.count)) }
      }
    }
  }

  /// How many blocks the snapshot has: one for each tier and layer.
  public var blockCount: Int { metadata.tiers.tierCount * metadata.context.layers }

  /// Appends the next blocks: tier by tier, and within a tier layer by layer. Their chunks are
  /// encoded on all processors, so a few layers at once are faster than one.
  ///
  /// - Parameter blocks: Each has the pairs of its tier and layer by the tier table. Each head's
  ///   are best first, or ascending where the tier is in order of position. Where a transform codes
  ///   the pairs, there are only positions. Anything else is a programmer's error.
  /// - Throws: `NotQuantisable`; `SystemError`, for example when the disk is full.
  public mutating func append(_ blocks: [PairBlock]) throws {
    for (index, block) in blocks.enumerated() { check(block, index: index) }
    for chunk in try encode(blocks) { try append(chunk) }
  }

  private mutating func append(_ chunk: Chunk) throws(SystemError) {
    let stored =
      chunk.codec == .transform
      ? [] : container.sealed(chunk.bytes, .chunk(entries.count))
    try container.append(stored)
    entries.append(
      ChunkTable.Entry(
        storedLength: UInt64(stored.count), checksum: Checksum.of(stored), codec: chunk.codec))
  }

  /// Copies the next block from another snapshot, once it is known to decode. Its pairs, their
  /// order and its codecs must be those of this snapshot. Positions that occur twice over several
  /// tiers are not noticed here.
  ///
  /// - Throws: `MalformedFile` if a chunk is damaged; `SystemError`.
  package mutating func appendStored(tier: Int, layer: Int, of reader: SnapshotReader) throws {
    var chunk = ChunkDecoder()
    for tensor in ChunkTable.Tensor.allCases {
      // One checksum covers both readings.
      let isDecoded = tensor == .positions || layout == nil
      if isDecoded, !reader.codec(of: tensor, tier: tier).isPrivate {
        try reader.load(&chunk, tier: tier, layer: layer, tensor: tensor)
      }
      try append(reader.readStored(tier: tier, layer: layer, tensor: tensor))
    }
  }

  /// Appends the next block of a transform: group by group, after all chunks.
  ///
  /// - Throws: `SystemError`, for example when the disk is full.
  mutating func append(block bytes: [UInt8], step: Int?) throws {
    precondition(entries.count == blockCount * 3, "blocks of a transform follow the chunks")
    let stored = container.sealed(bytes, .block(blockEntries.count))
    try container.append(stored)
    blockEntries.append(
      BlockTable.Entry(
        storedLength: UInt64(stored.count), checksum: Checksum.of(stored), step: step))
  }

  /// Completes the snapshot and makes it appear at its path, durably. Every block must have been
  /// appended.
  ///
  /// - Returns: The file's size in bytes.
  /// - Throws: `SystemError`; the path then holds what it held before.
  public consuming func finish() throws -> UInt64 {
    precondition(entries.count == blockCount * 3, "a block was not appended")
    try container.write(ChunkTable.encode(entries), to: .chunks)
    if let layout {
      precondition(
        blockEntries.count == layout.groups.count * layout.blocks.count,
        "a transform's block was not appended")
      try container.write(BlockTable.encode(layout, blockEntries), to: .blocks)
    }
    return try container.finish()
  }
}

extension SnapshotWriter {
  private typealias Chunk = (bytes: [UInt8], codec: ElementCodec)

  private static func check(_ codecs: [TierCodecs], _ metadata: SnapshotMetadata) {
    let (context, tiers) = (metadata.context, metadata.tiers)
    precondition(codecs.count == tiers.tierCount, "codecs for each tier")
    for (tier, codecs) in codecs.enumerated() {
      for tensor in ChunkTable.Tensor.allCases {
        let allowed = ChunkTable.codecs(of: tensor, tier: tier, context: context, tiers: tiers)
        precondition(
          allowed.contains(codecs.codec(of: tensor, tier: tier, tiers)),
          "a codec that the context does not allow")
      }
    }
  }

  /// The tier and layer of a block, counted from the next one.
  private func place(_ index: Int) -> (tier: Int, layer: Int) {
    let index = entries.count / ChunkTable.Tensor.allCases.count + index
    precondition(index < blockCount, "more blocks than tiers and layers")
    let (tier, layer) = index.quotientAndRemainder(dividingBy: metadata.context.layers)
    return (tier, layer)
  }

  private func check(_ block: PairBlock, index: Int) {
    let context = metadata.context
    let (tier, layer) = place(index)
    let pairs = metadata.tiers.pairs(tier: tier, layer: layer)
    let stored = layout == nil ? pairs : 0
    precondition(
      block.positions.count == pairs
        && block.keys.count == stored * context.rowBytes(of: .keys, layer: layer)
        && block.values.count == stored * context.rowBytes(of: .values, layer: layer),
      "a block of another size than its tier and layer have")
  }

  private func encode(_ blocks: [PairBlock]) throws -> [Chunk] {
    let tensors = ChunkTable.Tensor.allCases
    let results = Mutex([Result<Chunk, any Error>?](repeating: nil, count: blocks.count * 3))
    var places: [(tier: Int, layer: Int)] = []
    for index in blocks.indices { places.append(place(index)) }
    let (metadata, codecs, path) = (metadata, codecs, path)
    let ordered = places
    DispatchQueue.concurrentPerform(iterations: blocks.count * tensors.count) { index in
      let (block, tensor) = (index / tensors.count, tensors[index % tensors.count])
      let (tier, layer) = ordered[block]
      let shape = ChunkShape(
        tier: tier, layer: layer, tensor: tensor,
        codec: codecs[tier].codec(of: tensor, tier: tier, metadata.tiers),
        context: metadata.context, tiers: metadata.tiers)
      let result = Result {
        try Self.encode(blocks[block], shape, tier: tier, layer: layer, metadata, path: path)
      }
      results.withLock { $0[index] = result }
    }
    return try results.withLock { try $0.compactMap { try $0?.get() } }
  }

  private static func encode(
    _ block: PairBlock, _ shape: ChunkShape, tier: Int, layer: Int, _ metadata: SnapshotMetadata,
    path: String
  ) throws -> Chunk {
    guard shape.codec != .transform else { return ([], .transform) }
    let counts = (0..<metadata.tiers.kvHeads).map {
      metadata.tiers.count(tier: tier, layer: layer, head: $0)
    }
    let elements =
      switch shape.tensor {
      case .positions: positions(block.positions, counts: counts, shape)
      case .keys: block.keys
      case .values: block.values
      }
    do throws(ChunkEncoder.UnstorableHead) {
      let bytes = try ChunkEncoder.encode(
        elements, counts: counts, shape: shape,
        element: metadata.context.codec(of: shape.tensor))
      return (bytes, shape.codec)
    } catch {
      throw NotQuantisable(
        path: path, layer: layer, head: error.head, tensor: "\(shape.tensor)",
        precision: shape.codec.name)
    }
  }

  /// The bytes of positions in their codec.
  private static func positions(
    _ positions: [UInt32], counts: [Int], _ shape: ChunkShape
  ) -> [UInt8] {
    var writer = ByteWriter()
    guard shape.codec == .positionGaps else {
      for position in positions { writer.write(position) }
      return writer.bytes
    }
    var start = 0
    for count in counts {
      var next: UInt32 = 0
      for position in positions[start..<start + count] {
        precondition(position >= next, "positions that do not ascend")
        writer.write(position - next)
        next = position + 1
      }
      start += count
    }
    return writer.bytes
  }
}
