import ByteIO
public import CacheFormat

/// Reads a snapshot, only as much of it as needed. All methods may be called from several threads
/// at once.
public struct SnapshotReader: Sendable {
  /// Everything in the snapshot except its pairs.
  public let metadata: SnapshotMetadata
  let container: ContainerReader
  let chunks: ChunkTable
  /// The blocks of a transform-coded snapshot.
  public let blocks: BlockTable?
  /// Where the first chunk begins, from the start of the file.
  let dataOffset: UInt64

  /// Opens a snapshot and verifies everything before its chunks.
  ///
  /// - Parameters:
  ///   - path: The file, or an address that begins with `https://` or `http://`.
  ///   - keys: The keys for an encrypted snapshot.
  /// - Throws: `MalformedFile` if the bytes break a rule of the format, `KeyProblem` if no key
  ///   opens it, `SystemError` or `RemoteFileError` if the file cannot be read.
  public init(path: String, keys: KeyRing = .none) throws {
    try self.init(ContainerReader(path: path, kind: .snapshot, keys: keys))
  }

  init(_ container: ContainerReader) throws {
    self.container = container
    metadata = try SnapshotMetadata(container)
    let (context, tiers) = (metadata.context, metadata.tiers)
    let data = container.directory[.data]
    let overhead = container.overhead
    blocks = try BlockTable(container, context: context, tiers: tiers)
    let limit = ChunkTable.byteCount(context: context, tiers: tiers)
    let (length, isTooShort) = (data?.length ?? 0).subtractingReportingOverflow(
      blocks?.length ?? 0)
    guard !isTooShort else {
      throw Self.error("CHNK", "chunks and blocks are longer than DATA", container.path)
    }
    chunks = try ChunkTable(
      container.section(.chunks, atMost: limit), context: context, tiers: tiers,
      overhead: overhead, dataLength: length)
    guard chunks.isTransformCoded == (blocks != nil) else {
      throw Self.error("BLKS", "BLKS and codec 8 need each other", container.path)
    }
    dataOffset = data?.offset ?? container.header.fileSize
  }

  private static func error(
    _ section: String, _ problem: String, _ path: String
  ) -> MalformedFile { MalformedFile(path: path, section: section, problem: problem) }

  /// Where the snapshot was opened; an address without its query.
  public var path: String { container.path }

  /// Where the snapshot can be opened again.
  package var location: String { container.file.location }

  /// The file's size in bytes.
  public var fileSize: UInt64 { container.header.fileSize }

  /// How many bytes of the file have been read so far.
  public var bytesRead: UInt64 { container.file.bytesRead }

  /// The key slots that are in use; nil if it is not encrypted.
  public var keySlots: [KeySlot]? { container.keySlots }

  /// The SHA-256 of all bytes before the chunks but the key slots, by which a child names its
  /// parent. They include the chunks' checksums, which detect only accidents.
  ///
  /// - Throws: `MalformedFile` if the file has become shorter; `SystemError`.
  public var digest: Digest {
    get throws {
      let keys = container.directory[.keys].map { $0.offset..<$0.end }
      let parts = keys.map { [0..<$0.lowerBound, $0.upperBound..<dataOffset] } ?? [0..<dataOffset]
      return Digest(try SHA256.digest(of: container.file, parts))
    }
  }

  /// How a tensor is stored in a tier. It is the same in all layers.
  public func codec(of tensor: ChunkTable.Tensor, tier: Int) -> ElementCodec {
    chunks.chunk(tier: tier, layer: 0, tensor: tensor).entry.codec
  }

  /// Whether all stored pairs come back bit for bit.
  package var isLossless: Bool {
    (0..<metadata.tiers.tierCount).allSatisfy { tier in
      [ChunkTable.Tensor.keys, .values].allSatisfy {
        codec(of: $0, tier: tier) == metadata.context.codec(of: $0)
      }
    }
  }

  /// The number of first tiers that hold what a compression keeps.
  ///
  /// - Parameter compression: The compression, or nil for the whole cache.
  /// - Throws: `CompressionNotStored`.
  public func tiersNeeded(compression: Int?) throws(CompressionNotStored) -> Int {
    let tiers = metadata.tiers
    let needed =
      compression.map(tiers.tiersNeeded(compression:)) ?? (tiers.isWhole ? tiers.tierCount : nil)
    guard let needed else {
      throw CompressionNotStored(
        path: path, requested: compression, least: tiers.ratios[tiers.tierCount - 1],
        isRanked: tiers.isRanked)
    }
    return needed
  }

  /// The length of the file's prefix that holds everything a compression needs, in bytes. In a
  /// transform-coded snapshot that is the whole file.
  ///
  /// - Parameter compression: The compression, or nil for the whole cache.
  /// - Throws: `CompressionNotStored`.
  public func prefixLength(compression: Int?) throws(CompressionNotStored) -> UInt64 {
    let tiers = try tiersNeeded(compression: compression)
    return blocks == nil ? dataOffset + chunks.length(ofTiers: tiers) : fileSize
  }

  /// Requests at once, from a server, what a compression needs of the file.
  ///
  /// - Parameter compression: The compression, or nil for all that is stored.
  /// - Throws: `CompressionNotStored`; `RemoteFileError`; `SystemError`.
  package func prefetch(compression: Int?) throws {
    let end = try compression.map { try prefixLength(compression: $0) } ?? fileSize
    try container.file.prefetch(upTo: end)
  }
}

extension SnapshotReader {
  func place(tier: Int, layer: Int, tensor: ChunkTable.Tensor) -> ChunkPlace {
    let offset = chunks.chunk(tier: tier, layer: layer, tensor: tensor).offset
    return ChunkPlace(
      path: path, tier: tier, layer: layer, tensor: tensor, offset: dataOffset + offset,
      index: chunks.index(tier: tier, layer: layer, tensor: tensor))
  }

  /// Reads a chunk, verifies its checksum and decompresses its streams.
  func load(
    _ chunk: inout ChunkDecoder, tier: Int, layer: Int, tensor: ChunkTable.Tensor
  ) throws {
    let place = place(tier: tier, layer: layer, tensor: tensor)
    let codec = chunks.chunk(tier: tier, layer: layer, tensor: tensor).entry.codec
    guard !codec.isPrivate else { throw PrivateCodec(place: place, codec: codec) }
    try chunk.load(
      shape: shape(tier: tier, layer: layer, tensor: tensor),
      element: metadata.context.codec(of: tensor), place: place
    ) { buffer in
      try readStored(place, into: &buffer)
    }
  }

  /// Reads the stored bytes of a chunk, verifies their checksum, and decrypts them.
  func readStored(
    tier: Int, layer: Int, tensor: ChunkTable.Tensor
  ) throws -> (bytes: [UInt8], codec: ElementCodec) {
    var bytes: [UInt8] = []
    let count = try readStored(place(tier: tier, layer: layer, tensor: tensor), into: &bytes)
    return (
      Array(bytes.prefix(count)), chunks.chunk(tier: tier, layer: layer, tensor: tensor).entry.codec
    )
  }

  /// - Returns: How many of the buffer's first bytes are the chunk.
  private func readStored(_ place: ChunkPlace, into buffer: inout [UInt8]) throws -> Int {
    let entry = chunks.entries[place.index]
    let count = Int(entry.storedLength)
    try container.file.read(
      at: place.offset, count: count, into: &buffer, section: place.section)
    let found = unsafe Checksum.of(buffer.span.bytes.extracting(first: count))
    guard found == entry.checksum else {
      let other = chunks.entries.firstIndex { $0.checksum == found && $0.storedLength == count }
      throw place.mismatch(exchangedWith: other)
    }
    guard let cipher = container.cipher, entry.codec != .transform else { return count }
    guard cipher.open(&buffer, count: count, .chunk(place.index)) else { throw place.notAuthentic }
    return count - UnitCipher.overhead
  }

  /// What a chunk holds.
  func shape(tier: Int, layer: Int, tensor: ChunkTable.Tensor) -> ChunkShape {
    ChunkShape(
      tier: tier, layer: layer, tensor: tensor, codec: codec(of: tensor, tier: tier),
      context: metadata.context, tiers: metadata.tiers)
  }
}

extension SnapshotReader {
  /// Where the first block begins, from the start of the file.
  private var blocksOffset: UInt64 {
    dataOffset + chunks.length(ofTiers: metadata.tiers.tierCount)
  }

  func place(block: Int, group: Int) -> BlockPlace {
    let offset = blocks?.block(block, group: group).offset ?? 0
    return BlockPlace(path: path, block: block, group: group, offset: blocksOffset + offset)
  }

  /// Reads a block's stored bytes and verifies their checksum.
  ///
  /// - Throws: `MalformedFile`, `SystemError`.
  func readBlock(_ block: Int, group: Int) throws -> [UInt8] {
    guard let entry = blocks?.block(block, group: group).entry else {
      preconditionFailure("a snapshot without blocks")
    }
    let place = place(block: block, group: group)
    var bytes = try container.file.read(
      at: place.offset, count: Int(entry.storedLength), section: place.section)
    let found = Checksum.of(bytes)
    guard found == entry.checksum else {
      let other = blocks?.entries.firstIndex {
        $0.checksum == found && $0.storedLength == entry.storedLength
      }
      throw place.mismatch(exchangedWith: other)
    }
    guard let cipher = container.cipher, let blocks else { return bytes }
    let unit = UnitCipher.Unit.block(group * blocks.layout.blocks.count + block)
    guard cipher.open(&bytes, count: bytes.count, unit) else { throw place.notAuthentic }
    bytes.removeLast(UnitCipher.overhead)
    return bytes
  }
}
