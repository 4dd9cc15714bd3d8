import ByteIO
import CCodecKernels
import CacheFormat

/// Encodes chunks (spec, sections 5.5 and 7).
enum ChunkEncoder {
  /// In the highest plane of keys, a zstd block ends at the first end of a row after this many
  /// bytes, so that each block has an entropy code of its own. A third of binary16's plane is
  /// mantissa, which gains from shorter blocks.
  private static func blockBytes(_ codec: ElementCodec) -> Int {
    codec == .bfloat16 ? 1 << 14 : 1 << 13
  }

  /// The stored bytes of a chunk.
  ///
  /// - Parameters:
  ///   - elements: The elements of all heads, pair by pair, in the cache's own type; positions as
  ///     `u32`.
  ///   - counts: Pairs of each head.
  ///   - element: The type of `elements`.
  /// - Returns: The chunk as it is stored.
  static func encode(
    _ elements: [UInt8], counts: [Int], shape: ChunkShape, element: ElementCodec
  ) throws(UnstorableHead) -> [UInt8] {
    guard !shape.codec.isLossless else {
      return store(split(elements, counts: counts, shape: shape), shape, counts)
    }
    var quantiser = Quantiser(shape, element: element)
    var start = 0
    for (head, count) in counts.enumerated() {
      let end = start + count * shape.rowLength * element.width
      guard quantiser.append(elements[start..<end]) else { throw UnstorableHead(head: head) }
      start = end
    }
    return store(quantiser.streams.map { $0[...] }, shape, counts)
  }

  /// A head holds a number that the codec cannot store. `SnapshotWriter` adds where.
  struct UnstorableHead: Error { let head: Int }

  /// Byte planes, head by head.
  private static func split(
    _ elements: [UInt8], counts: [Int], shape: ChunkShape
  ) -> [ArraySlice<UInt8>] {
    let width = shape.codec.width
    let planeLength = shape.elements
    let all = unsafe [UInt8](unsafeUninitializedCapacity: planeLength * width) { buffer, filled in
      unsafe elements.withUnsafeBufferPointer { elements in
        if let source = elements.baseAddress, let target = buffer.baseAddress {
          var first = 0
          for count in counts {
            let planes: [UnsafeMutablePointer<UInt8>?] = unsafe (0..<width).map {
              unsafe target + $0 * planeLength + first
            }
            let split = unsafe shape.isByElement ? ck_split_columns : ck_split_rows
            let part = ck_planes(rows: count, columns: shape.rowLength, width: width)
            unsafe split(source + first * width, part, planes)
            first += count * shape.rowLength
          }
        }
      }
      filled = planeLength * width
    }
    return (0..<width).map { all[$0 * planeLength..<($0 + 1) * planeLength] }
  }

  /// Lengths, then each stream: as a frame if that is smaller and allowed, otherwise as it is.
  /// Frames are followed by the checksum of their decoded bytes. Each frame is written to its final
  /// place.
  private static func store(
    _ streams: [ArraySlice<UInt8>], _ shape: ChunkShape, _ counts: [Int]
  ) -> [UInt8] {
    let compressor = ZstdCompressor()
    let checksum = ChecksumStream()
    let ends = streams.indices.map { index in
      index == streams.count - 1 && shape.isByElement
        ? blockEnds(counts, shape) : [streams[index].count]
    }
    let fixed = 4 * streams.count + ChunkShape.decodedChecksumByteCount
    let room = zip(streams, ends).reduce(fixed) {
      $0 + ZstdCompressor.bound($1.0.count, blocks: $1.1.count)
    }
    return unsafe [UInt8](unsafeUninitializedCapacity: room) { buffer, filled in
      filled = 4 * streams.count
      var hasFrames = false
      for (index, stream) in streams.enumerated() {
        let isHighest = index == streams.count - 1
        let rest = unsafe UnsafeMutableRawBufferPointer(
          UnsafeMutableBufferPointer(rebasing: buffer[filled...]))
        var length = unsafe compressor.compress(
          stream, search: isHighest && shape.codec == .bfloat16 ? .little : .usual,
          blockEnds: ends[index], into: rest)
        if length >= stream.count || !ZstdFrame.mayExpand(length, to: stream.count) {
          unsafe rest.copyBytes(from: stream)
          length = stream.count
        } else {
          unsafe checksum.update(stream.span.bytes)
          hasFrames = true
        }
        unsafe UnsafeMutableRawBufferPointer(buffer).storeBytes(
          of: UInt32(length).littleEndian, toByteOffset: 4 * index, as: UInt32.self)
        filled += length
      }
      guard hasFrames else { return }
      unsafe UnsafeMutableRawBufferPointer(buffer).storeBytes(
        of: checksum.value.littleEndian, toByteOffset: filled, as: UInt64.self)
      filled += ChunkShape.decodedChecksumByteCount
    }
  }

  /// The ends of blocks in a plane that holds, for each head, `rowLength` rows of that head's
  /// count.
  private static func blockEnds(_ counts: [Int], _ shape: ChunkShape) -> [Int] {
    guard shape.elements > 0 else { return [0] }
    var (ends, start) = ([Int](), 0)
    for count in counts where count > 0 {
      let rows = max(1, blockBytes(shape.codec) / count)
      ends += stride(from: rows, to: shape.rowLength, by: rows).map { start + $0 * count }
      start += shape.rowLength * count
      ends.append(start)
    }
    return ends
  }
}
