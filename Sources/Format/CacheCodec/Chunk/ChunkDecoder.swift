import ByteIO
import CCodecKernels
import CacheFormat

/// A loaded chunk, which decodes one head's pairs at a time to elements of the cache.
struct ChunkDecoder: ~Copyable {
  private var streams = ChunkStreams()
  private var shape: ChunkShape?
  /// The type of the decoded elements.
  private var element = ElementCodec.position
  private var quantised = QuantisedRows()

  /// Reads a chunk, verifies its checksum, separates its streams, and checks its scales.
  ///
  /// - Throws: `MalformedFile`, `SystemError`.
  mutating func load(
    shape: ChunkShape, element: ElementCodec, place: ChunkPlace,
    _ read: (inout [UInt8]) throws -> Int
  ) throws {
    self.shape = nil
    try streams.load(shape: shape, place: place, read)
    if !shape.codec.isLossless { try quantised.prepare(streams, shape: shape, place: place) }
    self.shape = shape
    self.element = element
  }

  /// Decodes the pairs of one head.
  ///
  /// - Parameters:
  ///   - pairs: The indices of the head's pairs in the chunk.
  ///   - firstParameter: The number of scales of the heads before it.
  ///   - slots: The row of `target` for each pair, or `noSlot`; nil keeps the order.
  ///   - target: Has room for every slot.
  func decode(
    _ pairs: Range<Int>, firstParameter: Int, slots: ArraySlice<UInt32>? = nil,
    into target: inout MutableRawSpan
  ) {
    guard let shape, !pairs.isEmpty else { return }
    Self.checkRoom(slots, pairs.count, rowBytes: shape.rowLength * element.width, target.byteCount)
    let first = pairs.lowerBound * shape.rowLength
    unsafe target.withUnsafeMutableBytes { target in
      guard let base = unsafe target.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
        return
      }
      unsafe Self.withPointer(slots) { slots in
        guard shape.codec.isLossless else {
          return unsafe quantised.decode(
            pairs.count, first: first, firstParameter: firstParameter, slots: slots,
            element: element, into: base)
        }
        unsafe streams.withStreams { planes in
          let planes: [UnsafePointer<UInt8>?] = unsafe planes.map { unsafe $0 + first }
          let merge = unsafe shape.isByElement ? ck_merge_columns : ck_merge_rows
          let part = ck_planes(
            rows: pairs.count, columns: shape.rowLength, width: element.width)
          unsafe merge(planes, part, slots, base)
        }
      }
    }
  }

  /// The quantised codes of one head's pairs, with their slots.
  func codes(_ pairs: Range<Int>, firstParameter: Int, slots: ArraySlice<UInt32>) -> QuantisedBlock
  {
    guard let shape, !shape.codec.isLossless else { preconditionFailure("a chunk without codes") }
    let parameters = ChunkShape.parameters(
      of: pairs.count, codec: shape.codec, tensor: shape.tensor, rowLength: shape.rowLength)
    return quantised.part(
      pairs, parameters: firstParameter..<firstParameter + parameters, slots: slots)
  }

  private static func checkRoom(
    _ slots: ArraySlice<UInt32>?, _ pairs: Int, rowBytes: Int, _ room: Int
  ) {
    guard let slots else { return precondition(pairs * rowBytes <= room, "no room for the rows") }
    precondition(slots.count == pairs, "a slot for each row")
    let last = slots.lazy.filter { $0 != .noSlot }.max()
    precondition(last.map { (Int($0) + 1) * rowBytes <= room } ?? true, "no room for the rows")
  }

  private static func withPointer(
    _ slots: ArraySlice<UInt32>?, _ body: (UnsafePointer<UInt32>?) -> Void
  ) {
    guard let slots else { return body(nil) }
    unsafe slots.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
  }
}
