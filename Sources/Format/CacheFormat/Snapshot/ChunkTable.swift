public import ByteIO

/// Where each chunk is in `DATA` (spec, section 5.4, `CHNK`).
public struct ChunkTable: Sendable, Equatable {
  /// The three chunks of a tier and layer, in the order of the file.
  public enum Tensor: Int, Sendable, CaseIterable {
    /// Token positions.
    case positions
    /// Keys after RoPE.
    case keys
    /// Values.
    case values
  }

  /// One chunk.
  public struct Entry: Sendable, Equatable {
    /// The length of the stored bytes.
    public let storedLength: UInt64
    /// Their checksum.
    public let checksum: UInt64
    /// How their elements are stored.
    public let codec: ElementCodec

    /// Describes a chunk.
    public init(storedLength: UInt64, checksum: UInt64, codec: ElementCodec) {
      self.storedLength = storedLength
      self.checksum = checksum
      self.codec = codec
    }
  }

  static let entryByteCount = 24

  /// [tiers][layers][3], in the order of `DATA`.
  public let entries: [Entry]
  /// Where each chunk begins, from the start of `DATA`.
  private let offsets: [UInt64]
  private let layers: Int

  /// A chunk's place in `entries`.
  public func index(tier: Int, layer: Int, tensor: Tensor) -> Int {
    (tier * layers + layer) * Tensor.allCases.count + tensor.rawValue
  }

  /// A chunk's entry and the offset of its first byte from the start of `DATA`.
  public func chunk(tier: Int, layer: Int, tensor: Tensor) -> (entry: Entry, offset: UInt64) {
    let index = index(tier: tier, layer: layer, tensor: tensor)
    return (entries[index], offsets[index])
  }

  /// The length in bytes of the first `tiers` tiers, a prefix of `DATA`.
  public func length(ofTiers tiers: Int) -> UInt64 {
    offsets[tiers * layers * Tensor.allCases.count]
  }

  /// Whether a transform's blocks hold the keys and values.
  public var isTransformCoded: Bool { entries.contains { $0.codec == .transform } }

  /// The section's length in bytes.
  public static func byteCount(context: ContextDescription, tiers: TierTable) -> UInt64 {
    UInt64(tiers.tierCount * context.layers * Tensor.allCases.count * entryByteCount)
  }

  /// The bytes of the section that lists these chunks.
  public static func encode(_ entries: [Entry]) -> [UInt8] {
    var writer = ByteWriter()
    for entry in entries {
      writer.write(entry.storedLength)
      writer.write(entry.checksum)
      writer.write(entry.codec.rawValue)
      writer.write(UInt32(0))
    }
    return writer.bytes
  }

  /// Reads the section and checks it against the counts and the length of `DATA`.
  ///
  /// - Parameters:
  ///   - section: The section `CHNK`.
  ///   - context: The cache.
  ///   - tiers: How many pairs each chunk has.
  ///   - overhead: How much longer encryption makes a chunk.
  ///   - dataLength: The length of `DATA` without a transform's blocks.
  /// - Throws: `MalformedFile`.
  public init(
    _ section: Section, context: ContextDescription, tiers: TierTable, overhead: Int = 0,
    dataLength: UInt64
  ) throws(MalformedFile) {
    var reader = section.reader
    let expected = Self.byteCount(context: context, tiers: tiers)
    guard UInt64(section.bytes.count) == expected else {
      throw reader.error("\(section.bytes.count) bytes, and the tiers need \(expected)")
    }
    layers = context.layers
    var entries: [Entry] = []
    var offsets: [UInt64] = [0]
    for tier in 0..<tiers.tierCount {
      for layer in 0..<layers {
        for tensor in Tensor.allCases {
          let entry = try Self.entry(&reader)
          // A tensor of a tier has one codec in all layers.
          let index = entries.count
          let allowed =
            layer > 0
            ? [entries[index - Tensor.allCases.count].codec]
            : Self.codecs(of: tensor, tier: tier, context: context, tiers: tiers)
          let isAllowed =
            allowed.contains(entry.codec)
            || layer == 0 && tensor != .positions && entry.codec.isPrivate
          guard isAllowed else {
            throw reader.error("\(tensor) in a codec that this tier cannot have")
          }
          let shape = ChunkShape(
            tier: tier, layer: layer, tensor: tensor, codec: entry.codec, context: context,
            tiers: tiers)
          let (end, overflow) = offsets[index].addingReportingOverflow(entry.storedLength)
          guard !overflow,
            shape.storedLengths(overhead: overhead) ~= Int(clamping: entry.storedLength)
          else {
            throw reader.error(
              "a chunk of \(entry.storedLength) bytes for \(shape.elements) elements")
          }
          entries.append(entry)
          offsets.append(end)
        }
      }
    }
    guard offsets[entries.count] == dataLength else {
      throw reader.error("the chunks do not fill DATA")
    }
    let coded = entries.count { $0.codec == .transform }
    guard coded == 0 || tiers.isWhole && coded == 2 * tiers.tierCount * layers else {
      throw reader.error("a transform codes all keys and values of a whole cache, or none")
    }
    self.entries = entries
    self.offsets = offsets
  }

  /// The codecs that a tensor may have in a tier.
  public static func codecs(
    of tensor: Tensor, tier: Int, context: ContextDescription, tiers: TierTable
  ) -> [ElementCodec] {
    guard tensor != .positions else { return [tiers.positionCodec(tier: tier)] }
    let element = context.codec(of: tensor)
    return [element] + (ElementCodec.elements.contains(element) ? [.int8, .int4, .transform] : [])
  }

  private static func entry(_ reader: inout ByteReader) throws(MalformedFile) -> Entry {
    let storedLength = try reader.read(UInt64.self)
    let checksum = try reader.read(UInt64.self)
    let value = try reader.read(UInt32.self)
    guard let codec = ElementCodec(rawValue: value) else {
      throw reader.error("an unknown codec: \(value); update")
    }
    try reader.expectZeros(4)
    return Entry(storedLength: storedLength, checksum: checksum, codec: codec)
  }
}
