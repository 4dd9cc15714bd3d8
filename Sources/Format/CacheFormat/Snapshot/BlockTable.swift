import ByteIO

/// Where each block of a transform-coded snapshot is in `DATA`, after the chunks (spec, section
/// 5.8, `BLKS`).
///
/// A block has the keys and values of some heads at some positions.
public struct BlockTable: Sendable, Equatable {
  /// One block.
  public struct Entry: Sendable, Equatable {
    /// The length of the stored bytes.
    public let storedLength: UInt64
    /// Their checksum.
    public let checksum: UInt64
    /// The step of a block that is coded by the transform; nil for elements as they are.
    public let step: Int?

    /// Describes a block.
    public init(storedLength: UInt64, checksum: UInt64, step: Int?) {
      (self.storedLength, self.checksum, self.step) = (storedLength, checksum, step)
    }
  }

  static let entryByteCount = 24
  /// The least length of a coded block, without a byte for each of its positions.
  private static let leastCoded = 140

  /// What the blocks are.
  public let layout: BlockLayout
  /// [groups][blocks], in the order of `DATA`.
  public let entries: [Entry]
  /// Where each block begins, from the end of the chunks.
  private let offsets: [UInt64]

  /// A block's entry and the offset of its first byte from the end of the chunks.
  public func block(_ block: Int, group: Int) -> (entry: Entry, offset: UInt64) {
    let index = group * layout.blocks.count + block
    return (entries[index], offsets[index])
  }

  /// The step of the first coded block; nil if none is coded.
  public var step: Int? { entries.lazy.compactMap(\.step).first }

  /// The length of all blocks in bytes.
  public var length: UInt64 { offsets[entries.count] }

  /// The length of a group's blocks in bytes.
  public func length(ofGroup group: Int) -> UInt64 {
    offsets[(group + 1) * layout.blocks.count] - offsets[group * layout.blocks.count]
  }
}

extension BlockTable {
  /// The section's length in bytes.
  public static func byteCount(_ layout: BlockLayout) -> UInt64 {
    layout.byteCount
      + UInt64(entryByteCount) * UInt64(layout.groups.count) * UInt64(layout.blocks.count)
  }

  /// The bytes of the section that lists these blocks.
  public static func encode(_ layout: BlockLayout, _ entries: [Entry]) -> [UInt8] {
    var writer = ByteWriter()
    layout.write(to: &writer)
    for entry in entries {
      writer.write(entry.storedLength)
      writer.write(entry.checksum)
      writer.write(UInt32(entry.step == nil ? 0 : 1))
      writer.write(Int32(clamping: entry.step ?? 0))
    }
    return writer.bytes
  }

  /// The blocks of a snapshot; nil if no transform coded it.
  ///
  /// - Throws: `MalformedFile`, `SystemError`.
  public init?(
    _ container: ContainerReader, context: ContextDescription, tiers: TierTable
  ) throws {
    let heads = context.layers * context.kvHeads
    let limit =
      BlockLayout.limit(heads: heads, tokens: tiers.tokens)
      + UInt64(Self.entryByteCount) * UInt64(heads) * UInt64(tiers.tokens)
    guard let section = try container.section(ifPresent: .blocks, atMost: limit) else {
      return nil
    }
    try self.init(section, context: context, tiers: tiers, overhead: container.overhead)
  }

  /// Reads the section and checks it against the context.
  ///
  /// - Throws: `MalformedFile`.
  init(
    _ section: Section, context: ContextDescription, tiers: TierTable, overhead: Int = 0
  ) throws(MalformedFile) {
    var reader = section.reader
    layout = try BlockLayout(
      &reader, heads: context.layers * context.kvHeads, tokens: tiers.tokens)
    guard context.shapes == nil else {
      throw reader.error("blocks of a transform together with SHAP")
    }
    let pairBytes =
      context.rowBytes(of: .keys, layer: 0) + context.rowBytes(of: .values, layer: 0)
    var (entries, offsets): ([Entry], [UInt64]) = ([], [0])
    for group in layout.groups {
      for block in layout.blocks {
        let entry = try Self.entry(
          &reader, elements: group.count * block.count * pairBytes, tokens: block.count,
          overhead: overhead)
        let (end, overflow) = offsets[entries.count].addingReportingOverflow(entry.storedLength)
        guard !overflow else { throw reader.error("blocks of more than 2^64 bytes") }
        entries.append(entry)
        offsets.append(end)
      }
    }
    try reader.expectEnd()
    (self.entries, self.offsets) = (entries, offsets)
  }

  /// - Parameters:
  ///   - elements: The length of the block as elements, in bytes.
  ///   - overhead: How much longer encryption makes it.
  private static func entry(
    _ reader: inout ByteReader, elements: Int, tokens: Int, overhead: Int
  ) throws(MalformedFile) -> Entry {
    let storedLength = try reader.read(UInt64.self)
    let checksum = try reader.read(UInt64.self)
    let kind = try reader.read(UInt32.self)
    guard kind == 1 else {
      guard kind == 0 else { throw reader.error("an unknown kind of block: \(kind); update") }
      guard storedLength == UInt64(elements + overhead) else {
        throw reader.error("a block of \(storedLength) bytes, and its elements have \(elements)")
      }
      try reader.expectZeros(4)
      return Entry(storedLength: storedLength, checksum: checksum, step: nil)
    }
    let step = try CacheTransform.step(&reader)
    guard storedLength >= UInt64(leastCoded + tokens + overhead) else {
      throw reader.error("a coded block of only \(storedLength) bytes")
    }
    return Entry(storedLength: storedLength, checksum: checksum, step: step)
  }
}
