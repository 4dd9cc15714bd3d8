import ByteIO
public import CacheFormat
import Dispatch
import Synchronization

/// Writes a snapshot tier by tier, so that nothing needs a second copy of the cache.
///
/// Chunks go straight to their final place; the snapshot appears at its path, whole, when `finish`
/// returns, and a writer that is dropped before leaves nothing behind. Equal input gives equal bytes,
/// whatever the number of threads.
public struct SnapshotWriter: ~Copyable {
  private let metadata: SnapshotMetadata
  private var container: ContainerWriter
  private var entries: [ChunkTable.Entry] = []

  /// Begins a snapshot.
  ///
  /// - Parameters:
  ///   - path: Where it is to appear.
  ///   - metadata: All of it but the pairs.
  /// - Throws: `MalformedFile` if a reader would refuse the metadata, `SystemError` if no file can
  ///   be created there.
  public init(path: String, metadata: SnapshotMetadata) throws {
    try metadata.check(path: path)
    let sections = metadata.sections
    let lengths = FileKind.snapshot.sections.map { type -> (SectionType, UInt64) in
      guard type != .chunks else {
        return (type, ChunkTable.byteCount(context: metadata.context, tiers: metadata.tiers))
      }
      return (type, sections.first { $0.type == type }.map { UInt64($0.bytes.count) } ?? 0)
    }
    var container = try ContainerWriter(path: path, kind: .snapshot, sections: lengths)
    for section in sections { try container.write(section.bytes, to: section.type) }
    self.metadata = metadata
    self.container = container
  }

  /// How many blocks the snapshot has: one for each tier and layer.
  public var blockCount: Int { metadata.tiers.tierCount * metadata.context.layers }

  /// Appends the next blocks: for each tier, for each layer. Their chunks are encoded on as many
  /// threads as the machine has processors, so a few layers at once are faster than one.
  ///
  /// - Parameter blocks: As many pairs in each as its tier and layer have by the tier table; any
  ///   other number is a programmer's error.
  /// - Throws: `SystemError`, for example when the disk is full.
  public mutating func append(_ blocks: [PairBlock]) throws {
    for (index, block) in blocks.enumerated() { check(block, index: index) }
    for chunk in encode(blocks) {
      try container.append(chunk.bytes)
      entries.append(chunk.entry)
    }
  }

  /// Completes the snapshot and makes it appear at its path, durably. Every block must have been
  /// appended.
  ///
  /// - Returns: The file's size in bytes.
  /// - Throws: `SystemError`; the path then holds what it held before.
  public consuming func finish() throws -> UInt64 {
    precondition(entries.count == blockCount * 3, "a block was not appended")
    try container.write(ChunkTable.encode(entries), to: .chunks)
    return try container.finish()
  }
}

extension SnapshotWriter {
  private struct EncodedChunk: Sendable {
    var bytes: [UInt8]
    var entry: ChunkTable.Entry
  }

  private func check(_ block: PairBlock, index: Int) {
    let index = entries.count / 3 + index
    precondition(index < blockCount, "more blocks than tiers and layers")
    let context = metadata.context
    let (tier, layer) = index.quotientAndRemainder(dividingBy: context.layers)
    let pairs = metadata.tiers.pairs(tier: tier, layer: layer)
    precondition(
      block.positions.count == pairs
        && block.keys.count == pairs * context.keyLength * context.keyCodec.width
        && block.values.count == pairs * context.valueLength * context.valueCodec.width,
      "a block of another size than its tier and layer have")
  }

  private func encode(_ blocks: [PairBlock]) -> [EncodedChunk] {
    let context = metadata.context
    let tensors = ChunkTable.Tensor.allCases
    let results = Mutex([EncodedChunk?](repeating: nil, count: blocks.count * tensors.count))
    DispatchQueue.concurrentPerform(iterations: blocks.count * tensors.count) { index in
      let tensor = tensors[index % tensors.count]
      let codec = context.codec(of: tensor)
      let bytes = Self.encode(blocks[index / tensors.count], tensor, width: codec.width)
      let entry = ChunkTable.Entry(
        storedLength: UInt64(bytes.count), checksum: Checksum.of(bytes), codec: codec)
      results.withLock { $0[index] = EncodedChunk(bytes: bytes, entry: entry) }
    }
    return results.withLock { $0.compactMap(\.self) }
  }

  private static func encode(
    _ block: PairBlock, _ tensor: ChunkTable.Tensor, width: Int
  ) -> [UInt8] {
    switch tensor {
    case .positions:
      let positions = block.positions.map(\.littleEndian)
      return unsafe BytePlanes.encode(positions.span.bytes, width: width)
    case .keys: return unsafe BytePlanes.encode(block.keys.span.bytes, width: width)
    case .values: return unsafe BytePlanes.encode(block.values.span.bytes, width: width)
    }
  }
}
