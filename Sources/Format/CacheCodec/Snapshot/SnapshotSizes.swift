public import CacheFormat

/// A size in the file and decoded, in bytes.
public struct StoredSize: Sendable, Equatable {
  /// Bytes in the file.
  public var stored: UInt64
  /// Bytes when decoded.
  public var raw: UInt64

  /// A size; 0 where a part is left out.
  public init(stored: UInt64 = 0, raw: UInt64 = 0) {
    self.stored = stored
    self.raw = raw
  }

  /// Adds another part of the file.
  static func += (size: inout StoredSize, other: StoredSize) {
    // No overflow: stored chunks lie in one file, and below 2²⁰ chunks have below 2³³ raw bytes
    // each.
    size.stored += other.stored
    size.raw += other.raw
  }
}

/// The sizes of a snapshot's parts. Its chunks are not read.
public struct SnapshotSizes: Sendable, Equatable {
  /// Everything before the chunks: header, directory, and all sections but `DATA`.
  public let metadata: UInt64
  /// [tiers]
  public let tiers: [StoredSize]
  /// [layers · 3], in the order of `ChunkTable.Tensor`.
  private let parts: [StoredSize]

  /// Adds up the chunks of a snapshot.
  public init(_ reader: SnapshotReader) {
    let tensors = ChunkTable.Tensor.allCases
    var tiers = [StoredSize](repeating: StoredSize(), count: reader.metadata.tiers.tierCount)
    var parts = [StoredSize](
      repeating: StoredSize(), count: reader.metadata.context.layers * tensors.count)
    for tier in tiers.indices {
      for part in parts.indices {
        let (layer, tensor) = part.quotientAndRemainder(dividingBy: tensors.count)
        let size = reader.size(tier: tier, layer: layer, tensor: tensors[tensor])
        tiers[tier] += size
        parts[part] += size
      }
    }
    metadata = reader.metadataBytes
    self.tiers = tiers
    self.parts = parts
  }

  /// How many layers there are.
  public var layerCount: Int { parts.count / ChunkTable.Tensor.allCases.count }

  /// One tensor of one layer, over all tiers.
  public func size(layer: Int, tensor: ChunkTable.Tensor) -> StoredSize {
    parts[layer * ChunkTable.Tensor.allCases.count + tensor.rawValue]
  }

  /// One layer, over all tiers.
  public func size(layer: Int) -> StoredSize {
    ChunkTable.Tensor.allCases.reduce(into: StoredSize()) { $0 += size(layer: layer, tensor: $1) }
  }

  /// One tensor, over all tiers and layers.
  public func size(tensor: ChunkTable.Tensor) -> StoredSize {
    (0..<layerCount).reduce(into: StoredSize()) { $0 += size(layer: $1, tensor: tensor) }
  }

  /// All chunks.
  public var chunks: StoredSize { tiers.reduce(into: StoredSize(), +=) }
}

extension SnapshotReader {
  /// One chunk's size in the file and decoded.
  public func size(tier: Int, layer: Int, tensor: ChunkTable.Tensor) -> StoredSize {
    let entry = chunks.chunk(tier: tier, layer: layer, tensor: tensor).entry
    let elements = shape(tier: tier, layer: layer, tensor: tensor).elements
    let width = metadata.context.codec(of: tensor).width
    return StoredSize(stored: entry.storedLength, raw: UInt64(elements) * UInt64(width))
  }

  /// The number of bytes before the first chunk.
  public var metadataBytes: UInt64 { dataOffset }
}
