import CacheFormat
import Dispatch
import Synchronization

extension SnapshotWriter {
  /// Codes the blocks of the next group of heads, after all chunks, on all processors.
  ///
  /// - Parameters:
  ///   - coding: The one whose layout the writer has.
  ///   - pairs: The pairs of a layer's head in order of position: [positions][keyLength] keys after
  ///     RoPE and [positions][valueLength] values, elements of the cache's own type.
  /// - Throws: `SystemError`, for example when the disk is full; what `pairs` throws.
  public mutating func appendGroup(
    _ coding: TransformCoding,
    pairs: (_ layer: Int, _ head: Int) throws -> (keys: [UInt8], values: [UInt8])
  ) throws {
    guard let layout, !layout.blocks.isEmpty else { return }
    let group = blockEntries.count / layout.blocks.count
    let kvHeads = metadata.context.kvHeads
    let heads = try layout.groups[group].map { try pairs($0 / kvHeads, $0 % kvHeads) }
    let encoder = BlockEncoder(coding, group: group, metadata, heads)
    let results = Mutex([BlockEncoder.Block?](repeating: nil, count: layout.blocks.count))
    DispatchQueue.concurrentPerform(iterations: layout.blocks.count) { block in
      let coded = encoder.block(layout.blocks[block])
      results.withLock { $0[block] = coded }
    }
    for block in results.withLock({ $0 }) {
      guard let block else { continue }
      try append(block: block.bytes, step: block.step)
      fit += block.fit
    }
  }

  /// Copies all blocks of another snapshot, whose layout the writer has.
  ///
  /// - Throws: `MalformedFile` if a block is damaged; `SystemError`.
  package mutating func appendStoredBlocks(of reader: SnapshotReader) throws {
    guard let table = reader.blocks else { return }
    precondition(table.layout == layout, "blocks of another layout")
    for group in table.layout.groups.indices {
      for block in table.layout.blocks.indices {
        let bytes = try reader.readBlock(block, group: group)
        try append(block: bytes, step: table.block(block, group: group).entry.step)
      }
    }
  }
}
