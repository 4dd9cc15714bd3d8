import CacheFormat

/// Codes the blocks of one group of heads.
struct BlockEncoder: Sendable {
  /// One block.
  struct Block {
    let bytes: [UInt8]
    /// Nil for elements as they are.
    var step: Int?
    var fit = TransformFit()
  }

  private let coding: TransformCoding
  private let group: Int
  private let metadata: SnapshotMetadata
  /// [heads]: in order of position.
  private let heads: [(keys: [UInt8], values: [UInt8])]
  private let encoder: GroupEncoder

  init(
    _ coding: TransformCoding, group: Int, _ metadata: SnapshotMetadata,
    _ heads: [(keys: [UInt8], values: [UInt8])]
  ) {
    (self.coding, self.group, self.metadata, self.heads) = (coding, group, metadata, heads)
    let transform = coding.file.transform
    encoder = GroupEncoder(
      transform.groups[group], metric: transform.metric[transform.groups[group].heads],
      finest: transform.steps.high, tables: coding.file.tables)
  }

  /// The block of some positions, counted from the snapshot's first one.
  func block(_ positions: Range<Int>) -> Block {
    let elements = elements(positions)
    let first = metadata.tiers.positions.lowerBound
    let positionsInContext = positions.lowerBound + first..<positions.upperBound + first
    guard positionsInContext.lowerBound >= CacheTransform.exactPositions else {
      return Block(bytes: elements)
    }
    let rows = BlockRows(
      metadata.context, rope: coding.file.transform.rope, heads: coding.layout.groups[group],
      positions: positionsInContext)
    guard let vectors = rows.vectors(elements),
      let coded = encoder.encode(
        vectors, step: coding.step, offsets: Array(coding.offsets[group][positions])),
      coded.bytes.count < elements.count
    else { return Block(bytes: elements, fit: TransformFit(bytes: Double(elements.count))) }
    return Block(bytes: coded.bytes, step: coding.step, fit: coded.fit)
  }

  /// The pairs as `BlockRows` has them.
  private func elements(_ positions: Range<Int>) -> [UInt8] {
    let context = metadata.context
    let keyBytes = context.rowBytes(of: .keys, layer: 0)
    let valueBytes = context.rowBytes(of: .values, layer: 0)
    return heads.flatMap { head in
      head.keys[positions.lowerBound * keyBytes..<positions.upperBound * keyBytes]
        + head.values[positions.lowerBound * valueBytes..<positions.upperBound * valueBytes]
    }
  }
}
