import ByteIO
import CacheFormat
import Dispatch
import Synchronization

/// Decodes the blocks of a transform-coded snapshot, one group of heads at a time, on all
/// processors. All methods may be called from several threads at once.
final class BlockDecoder: Sendable {
  private let reader: SnapshotReader
  private let table: BlockTable
  private let transforms: TransformFiles
  private struct Recent {
    /// The groups that were decoded last.
    var groups: [(group: Int, pairs: DecodedGroup)] = []
    var keepsAll = false
  }

  private let recent = Mutex(Recent())

  /// - Parameter table: The reader's.
  init(_ reader: SnapshotReader, _ table: BlockTable, _ transforms: TransformFiles) {
    (self.reader, self.table, self.transforms) = (reader, table, transforms)
  }

  /// Keeps every group that it decodes from now on.
  func keepAll() { recent.withLock { $0.keepsAll = true } }

  /// Decodes all groups.
  ///
  /// - Throws: As `group`.
  func verify() throws {
    for heads in table.layout.groups { _ = try group(ofHead: heads.lowerBound) }
  }

  /// The transform, which fits the snapshot.
  ///
  /// - Throws: `TransformMissing`; `MalformedFile`, `SystemError`.
  func transform() throws -> TransformFile {
    let file = try transforms.file(table.layout.transform, of: reader.location)
    let context = reader.metadata.context
    let shape = CacheShape(
      layers: context.layers, kvHeads: context.kvHeads, keyLength: context.keyLength,
      valueLength: context.valueLength)
    guard file.transform.shape == shape, file.transform.groups.map(\.heads) == table.layout.groups
    else {
      throw MalformedFile(
        path: reader.path, section: "BLKS", problem: "its groups are not those of its transform")
    }
    return file
  }

  /// The decoded group that a head is in.
  ///
  /// - Parameter head: Counted through all layers.
  /// - Throws: As `transform`; `MalformedFile` that names the block.
  func group(ofHead head: Int) throws -> DecodedGroup {
    let context = reader.metadata.context
    guard let group = table.layout.groups.firstIndex(where: { $0.contains(head) }) else {
      preconditionFailure("the groups have all heads")
    }
    return try recent.withLock { recent in
      if let found = recent.groups.first(where: { $0.group == group }) { return found.pairs }
      let pairs = try decode(group)
      let needed = table.layout.groups(ofLayer: head / context.kvHeads, kvHeads: context.kvHeads)
      recent.groups.insert((group, pairs), at: 0)
      if !recent.keepsAll { recent.groups = Array(recent.groups.prefix(needed.count + 1)) }
      return pairs
    }
  }

  private func decode(_ group: Int) throws -> DecodedGroup {
    let file = try transform()
    let decoder = GroupDecoder(file.transform.groups[group], file.tables)
    let results = Mutex(
      [Result<[UInt8], any Error>?](repeating: nil, count: table.layout.blocks.count))
    DispatchQueue.concurrentPerform(iterations: table.layout.blocks.count) { block in
      let result = Result { try self.elements(block, group, decoder, file.transform.rope) }
      results.withLock { $0[block] = result }
    }
    return DecodedGroup(
      heads: table.layout.groups[group], blocks: table.layout.blocks,
      elements: try results.withLock { try $0.compactMap { try $0?.get() } })
  }

  private func elements(
    _ block: Int, _ group: Int, _ decoder: GroupDecoder, _ rope: LayerRoPE
  ) throws -> [UInt8] {
    let bytes = try reader.readBlock(block, group: group)
    guard let step = table.block(block, group: group).entry.step else { return bytes }
    let first = reader.metadata.tiers.positions.lowerBound
    let positions = table.layout.blocks[block]
    let place = reader.place(block: block, group: group)
    var stream = unsafe ByteReader(
      bytes.span.bytes, path: place.path, section: place.section, base: place.offset)
    let rows = try decoder.decode(&stream, tokens: positions.count, step: step)
    return BlockRows(
      reader.metadata.context, rope: rope, heads: table.layout.groups[group],
      positions: positions.lowerBound + first..<positions.upperBound + first
    ).elements(rows)
  }
}
