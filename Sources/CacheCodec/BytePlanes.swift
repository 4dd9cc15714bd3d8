import ByteIO
import CKernels
import CacheFormat

/// A chunk taken apart into byte planes, each either as it was stored or decompressed
/// (spec, section 5.5).
///
/// ```
///  0         4·w
///  ┌─────────┬─────────┬─────────┬─ ─
///  │ lengths │ plane 0 │ plane 1 │       a plane of E bytes is stored as it is,
///  │ w × u32 │ low     │         │       a shorter one is a zstd frame of E bytes
///  └─────────┴─────────┴─────────┴─ ─
/// ```
///
/// One value serves chunk after chunk and keeps its memory: reading into fresh memory would cost more
/// than decoding.
struct BytePlanes: ~Copyable {
  /// Where a plane's E bytes are.
  private struct Source {
    var isStored: Bool
    var offset: Int
  }

  /// Bytes that are kept from chunk to chunk; only what the present one fills counts.
  private var stored: [UInt8] = []
  private var decoded: [UInt8] = []
  private var sources: [Source] = []
  private let decompressor = ZstdDecompressor()

  /// Reads a chunk, verifies its checksum and takes it apart.
  ///
  /// - Parameters:
  ///   - elements: How many elements the counts give it.
  /// - Throws: `MalformedFile`, `SystemError`. Nothing is allocated before the file is seen to hold the
  ///   chunk and every frame's header agrees.
  mutating func load(
    _ entry: ChunkTable.Entry, elements: Int, place: ChunkPlace, from file: RandomAccessFile
  ) throws {
    let count = Int(entry.storedLength)
    try file.read(at: place.offset, count: count, into: &stored, section: place.section)
    guard unsafe Checksum.of(stored.span.bytes.extracting(first: count)) == entry.checksum else {
      throw place.error("checksum mismatch; copy or write the file again")
    }
    let planes = try planes(count, elements: elements, width: entry.codec.width, place: place)
    sources.removeAll(keepingCapacity: true)
    var frames: [Range<Int>] = []
    for plane in planes {
      let isStored = plane.count == elements
      sources.append(
        Source(isStored: isStored, offset: isStored ? plane.lowerBound : frames.count * elements))
      if !isStored { frames.append(plane) }
    }
    try decode(frames, elements: elements, place: place)
  }

  /// Finds the planes and checks the headers of those that are compressed.
  private func planes(
    _ count: Int, elements: Int, width: Int, place: ChunkPlace
  ) throws(MalformedFile) -> [Range<Int>] {
    let chunk = unsafe stored.span.bytes.extracting(first: count)
    var reader = ByteReader(
      chunk, path: place.path, section: place.section, base: place.offset)
    let lengths = try reader.readArray(UInt32.self, count: width).map { Int($0) }
    var planes: [Range<Int>] = []
    var start = reader.position
    for length in lengths {
      guard length <= elements, length <= count - start else {
        throw place.error("a plane of \(length) bytes does not fit", at: start)
      }
      if length < elements,
        let problem = ZstdFrame.problem(
          chunk.extracting(start..<start + length), count: elements)
      {
        throw place.error(problem, at: start)
      }
      planes.append(start..<start + length)
      start += length
    }
    guard start == count else { throw place.error("bytes after the last plane", at: start) }
    return planes
  }

  private mutating func decode(
    _ frames: [Range<Int>], elements: Int, place: ChunkPlace
  ) throws(MalformedFile) {
    let needed = frames.count * elements
    if decoded.count < needed { decoded = [UInt8](repeating: 0, count: needed) }
    var failure: Int?
    unsafe decoded.withUnsafeMutableBytes { buffer in
      unsafe stored.withUnsafeBytes { stored in
        for (index, frame) in frames.enumerated() {
          let target = unsafe UnsafeMutableRawBufferPointer(
            rebasing: buffer[index * elements..<(index + 1) * elements])
          let source = unsafe UnsafeRawBufferPointer(rebasing: stored[frame])
          guard unsafe decompressor.decompress(source, into: target) else {
            failure = frame.lowerBound
            return
          }
        }
      }
    }
    if let failure { throw place.error("a zstd frame that does not decode", at: failure) }
  }
}

extension BytePlanes {
  /// Merges the planes back into elements, row by row.
  ///
  /// - Parameters:
  ///   - rows: Rows of the chunk.
  ///   - rowLength: Elements of a row.
  ///   - slots: The row of `target` that each of them becomes, or `CK_NO_SLOT`; nil keeps the order.
  ///   - target: Has room for every slot.
  func merge(
    rows: Range<Int>, rowLength: Int, slots: ArraySlice<UInt32>? = nil,
    into target: inout MutableRawSpan
  ) {
    guard !rows.isEmpty else { return }
    unsafe target.withUnsafeMutableBytes { target in
      unsafe stored.withUnsafeBufferPointer { stored in
        unsafe decoded.withUnsafeBufferPointer { decoded in
          let planes = unsafe sources.map { source in
            let base = source.isStored ? stored.baseAddress : decoded.baseAddress
            return unsafe base.map { unsafe $0 + source.offset + rows.lowerBound * rowLength }
          }
          unsafe Self.merge(planes, rows.count, rowLength, slots, into: target)
        }
      }
    }
  }

  @unsafe private static func merge(
    _ planes: [UnsafePointer<UInt8>?], _ rows: Int, _ rowLength: Int, _ slots: ArraySlice<UInt32>?,
    into target: UnsafeMutableRawBufferPointer
  ) {
    let rowBytes = unsafe rowLength * planes.count
    guard let base = unsafe target.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    guard let slots else {
      precondition(rows * rowBytes <= target.count, "no room for the rows")
      unsafe ck_merge_planes(planes, planes.count, 1, rows * rowLength, nil, base)
      return
    }
    let last = slots.lazy.filter { $0 != UInt32.max }.max()
    precondition(slots.count == rows, "a slot for each row")
    precondition(
      last.map { (Int($0) + 1) * rowBytes <= target.count } ?? true, "no room for the rows")
    unsafe slots.withUnsafeBufferPointer { slots in
      unsafe ck_merge_planes(planes, planes.count, rows, rowLength, slots.baseAddress, base)
    }
  }
}
