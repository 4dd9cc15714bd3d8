import ByteIO
import CKernels

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
struct BytePlanes: Sendable {
  /// Where a plane's E bytes are.
  private struct Source {
    var isStored: Bool
    var offset: Int
  }

  private let stored: [UInt8]
  private let decoded: [UInt8]
  private let sources: [Source]

  /// Takes a chunk apart.
  ///
  /// - Parameters:
  ///   - stored: The chunk's bytes, whose checksum was right.
  ///   - elements: How many elements the counts give it.
  ///   - width: Bytes of an element, 2 or 4.
  /// - Throws: `MalformedFile`. Nothing is allocated before every frame's header agrees.
  init(
    stored: [UInt8], elements: Int, width: Int, place: ChunkPlace
  ) throws(MalformedFile) {
    let planes = try Self.planes(stored, elements: elements, width: width, place: place)
    var sources: [Source] = []
    var frames: [Range<Int>] = []
    for plane in planes {
      let isStored = plane.count == elements
      sources.append(
        Source(isStored: isStored, offset: isStored ? plane.lowerBound : frames.count * elements))
      if !isStored { frames.append(plane) }
    }
    self.stored = stored
    self.sources = sources
    decoded = try Self.decode(frames, of: stored, elements: elements, place: place)
  }

  /// Finds the planes and checks the headers of those that are compressed.
  private static func planes(
    _ stored: [UInt8], elements: Int, width: Int, place: ChunkPlace
  ) throws(MalformedFile) -> [Range<Int>] {
    var reader = unsafe ByteReader(
      stored.span.bytes, path: place.path, section: place.section, base: place.offset)
    let lengths = try reader.readArray(UInt32.self, count: width).map { Int($0) }
    var planes: [Range<Int>] = []
    var start = reader.position
    for length in lengths {
      guard length <= elements, length <= stored.count - start else {
        throw place.error("a plane of \(length) bytes does not fit", at: start)
      }
      if length < elements,
        let problem = unsafe ZstdDecompressor.problem(
          stored.span.bytes.extracting(start..<start + length), count: elements)
      {
        throw place.error(problem, at: start)
      }
      planes.append(start..<start + length)
      start += length
    }
    guard start == stored.count else { throw place.error("bytes after the last plane", at: start) }
    return planes
  }

  private static func decode(
    _ frames: [Range<Int>], of stored: [UInt8], elements: Int, place: ChunkPlace
  ) throws(MalformedFile) -> [UInt8] {
    guard !frames.isEmpty else { return [] }
    let decompressor = ZstdDecompressor()
    var failure: Int?
    let decoded = unsafe [UInt8](unsafeUninitializedCapacity: frames.count * elements) {
      buffer, filled in
      unsafe stored.withUnsafeBytes { stored in
        for frame in frames {
          let target = unsafe UnsafeMutableRawBufferPointer(
            rebasing: UnsafeMutableRawBufferPointer(buffer)[filled..<filled + elements])
          let source = unsafe UnsafeRawBufferPointer(rebasing: stored[frame])
          guard unsafe decompressor.decompress(source, into: target) else {
            failure = frame.lowerBound
            return
          }
          filled += elements
        }
      }
    }
    if let failure { throw place.error("a zstd frame that does not decode", at: failure) }
    return decoded
  }
}

extension BytePlanes {
  /// Merges the planes back into elements, row by row.
  ///
  /// - Parameters:
  ///   - rows: Rows of the chunk.
  ///   - rowLength: Elements of a row.
  ///   - slots: The row of `buffer` that each of them becomes, or `CK_NO_SLOT`; nil keeps the order.
  ///   - buffer: Has room for every slot.
  func merge(
    rows: Range<Int>, rowLength: Int, slots: ArraySlice<UInt32>? = nil,
    into buffer: UnsafeMutableBufferPointer<UInt8>
  ) {
    guard !rows.isEmpty, let target = buffer.baseAddress else { return }
    unsafe stored.withUnsafeBufferPointer { stored in
      unsafe decoded.withUnsafeBufferPointer { decoded in
        let planes = unsafe sources.map { source in
          let base = source.isStored ? stored.baseAddress : decoded.baseAddress
          return unsafe base.map { unsafe $0 + source.offset + rows.lowerBound * rowLength }
        }
        if let slots {
          unsafe slots.withUnsafeBufferPointer { slots in
            unsafe ck_merge_planes(
              planes, planes.count, rows.count, rowLength, slots.baseAddress, target)
          }
        } else {
          unsafe ck_merge_planes(planes, planes.count, 1, rows.count * rowLength, nil, target)
        }
      }
    }
  }

  /// All elements in order, little-endian.
  func elements(_ count: Int) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: count * sources.count) { buffer, filled in
      unsafe merge(rows: 0..<count, rowLength: 1, into: buffer)
      filled = count * sources.count
    }
  }
}
