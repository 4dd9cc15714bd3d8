import ByteIO
public import CacheFormat

/// Checks that all of a file is sound.
public enum Verification {
  /// Reads every byte of a file of any kind and checks everything that the container and, for a
  /// snapshot, its chunks promise. What a filter bank's or statistics' own section holds is checked
  /// no further than its checksum.
  ///
  /// - Returns: What the file holds.
  /// - Throws: `MalformedFile` that names the section; `SystemError` if the file cannot be read.
  @discardableResult public static func verify(path: String) throws -> FileKind {
    let container = try ContainerReader(path: path)
    try container.verifySections()
    if container.header.kind == .snapshot {
      try SnapshotReader(container).verifyChunks()
    } else {
      _ = try Identity(container.section(.identity))
      _ = try container.provenance()
    }
    return container.header.kind
  }
}

extension SnapshotReader {
  /// Reads and decodes every chunk and compares positions over all tiers.
  ///
  /// - Throws: `MalformedFile` that names tier, layer and tensor; `SystemError`.
  public func verifyChunks() throws {
    let tiers = metadata.tiers.tierCount
    let least = metadata.tiers.ratios[tiers - 1]
    var decoder = LayerDecoder(self)
    var chunk = ChunkDecoder()
    for layer in 0..<metadata.context.layers {
      _ = try decoder.select(layer: layer, ratio: least)
      for tier in 0..<tiers {
        for tensor in [ChunkTable.Tensor.keys, .values] {
          try load(&chunk, tier: tier, layer: layer, tensor: tensor)
        }
      }
    }
  }
}
