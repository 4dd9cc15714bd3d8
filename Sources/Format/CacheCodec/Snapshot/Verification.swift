import ByteIO
public import CacheFormat

/// Checks that a whole file is valid.
public enum Verification {
  /// Reads every byte of a file of any kind. Checks all rules of the container and, in a snapshot,
  /// of its chunks. A child's parent is not read. The contents of a filter bank's or statistics'
  /// own section are checked only by their checksum.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - keys: The keys for an encrypted snapshot.
  /// - Returns: What the file holds.
  /// - Throws: `MalformedFile` that names the section; `KeyProblem`; `SystemError` if the
  ///   file cannot be read.
  @discardableResult public static func verify(
    path: String, keys: KeyRing = .none
  ) throws -> FileKind {
    let container = try ContainerReader(path: path, keys: keys)
    try container.verifySections()
    if container.header.kind == .snapshot {
      try SnapshotReader(container).verifyChunks()
    } else {
      _ = try Identity(container.section(.identity))
      _ = try container.metaEntries()
      _ = try container.provenance()
    }
    return container.header.kind
  }
}

extension SnapshotReader {
  /// Reads and decodes every chunk of this file and compares positions over all tiers. Blocks are
  /// not decoded. Its parent is not read.
  ///
  /// - Throws: `MalformedFile` that names tier, layer and tensor; `SystemError`.
  public func verifyChunks() throws {
    var decoder = LayerDecoder(SnapshotChain(alone: self))
    var chunk = ChunkDecoder()
    for layer in 0..<metadata.context.layers {
      _ = try decoder.selectStored(layer: layer)
      for tier in 0..<metadata.tiers.tierCount {
        for tensor in [ChunkTable.Tensor.keys, .values] {
          if blocks != nil || codec(of: tensor, tier: tier).isPrivate {
            _ = try readStored(tier: tier, layer: layer, tensor: tensor)
          } else {
            try load(&chunk, tier: tier, layer: layer, tensor: tensor)
          }
        }
      }
    }
    // Only their checksums: decoding needs the transform.
    guard let blocks else { return }
    for group in blocks.layout.groups.indices {
      for block in blocks.layout.blocks.indices { _ = try readBlock(block, group: group) }
    }
  }
}
