import ByteIO
import CCodecKernels
import CacheFormat

/// A chunk that was loaded, and decodes one head's pairs at a time to the elements of the cache.
struct ChunkDecoder: ~Copyable {
  private var streams = ChunkStreams()
  private var shape: ChunkShape?
  /// The type of the elements that are handed out.
  private var element = ElementCodec.position
  private var quantised = QuantisedRows()

  /// Reads a chunk, verifies its checksum, takes it apart, and checks its scales.
  ///
  /// - Throws: `MalformedFile`, `SystemError`.
  mutating func load(
    _ entry: ChunkTable.Entry, shape: ChunkShape, element: ElementCodec, place: ChunkPlace,
    from file: RandomAccessFile
  ) throws {
    self.shape = nil
    try streams.load(entry, shape: shape, place: place, from: file)
    if !shape.codec.isLossless { try quantised.prepare(streams, shape: shape, place: place) }
    self.shape = shape
    self.element = element
  }

  /// Decodes the pairs of one head.
  ///
  /// - Parameters:
  ///   - pairs: Where the head's pairs stand among those of the chunk.
  ///   - firstParameter: How many scales the heads before it have.
  ///   - slots: The row of `target` that each pair becomes, or `CK_NO_SLOT`; nil keeps the order.
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

  /// The pairs of one head as they are quantised, with what `slots` says of each.
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
    let last = slots.lazy.filter { $0 != UInt32.max }.max()
    precondition(last.map { (Int($0) + 1) * rowBytes <= room } ?? true, "no room for the rows")
  }

  private static func withPointer(
    _ slots: ArraySlice<UInt32>?, _ body: (UnsafePointer<UInt32>?) -> Void
  ) {
    guard let slots else { return body(nil) }
    unsafe slots.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
  }
}
