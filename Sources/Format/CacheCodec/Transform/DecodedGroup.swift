import CacheFormat

/// The pairs of one group of heads of a transform-coded snapshot, as elements of the cache.
struct DecodedGroup: Sendable {
  /// Counted through all layers.
  let heads: Range<Int>
  /// [blocks]: the positions, from the snapshot's first one.
  let blocks: [Range<Int>]
  /// [blocks]: as `BlockRows` has elements.
  let elements: [[UInt8]]

  /// Copies a head's keys or values at some positions.
  ///
  /// - Parameters:
  ///   - positions: Ascending, from the snapshot's first one.
  ///   - slot: The row of `target` for the first of them; the others follow.
  func copy(
    _ tensor: ChunkTable.Tensor, of context: ContextDescription, head: Int,
    positions: [Int], to target: inout MutableRawSpan, slot: Int
  ) {
    let keyBytes = context.rowBytes(of: .keys, layer: 0)
    let valueBytes = context.rowBytes(of: .values, layer: 0)
    let rowBytes = tensor == .keys ? keyBytes : valueBytes
    let place = head - heads.lowerBound
    var (block, next) = (0, 0)
    while next < positions.count {
      while blocks[block].upperBound <= positions[next] { block += 1 }
      let range = blocks[block]
      // Neighbours are copied at once.
      var end = next + 1
      while end < positions.count, positions[end] == positions[end - 1] + 1,
        positions[end] < range.upperBound
      { end += 1 }
      let start =
        place * range.count * (keyBytes + valueBytes)
        + (tensor == .keys ? 0 : range.count * keyBytes)
        + (positions[next] - range.lowerBound) * rowBytes
      let count = (end - next) * rowBytes
      unsafe target.withUnsafeMutableBytes { target in
        unsafe elements[block].withUnsafeBytes { source in
          let rows = unsafe UnsafeRawBufferPointer(rebasing: source[start..<start + count])
          let offset = (slot + next) * rowBytes
          unsafe UnsafeMutableRawBufferPointer(rebasing: target[offset..<offset + count])
            .copyMemory(from: rows)
        }
      }
      next = end
    }
  }
}
