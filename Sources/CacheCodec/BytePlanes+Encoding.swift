import ByteIO
import CKernels

extension BytePlanes {
  /// The stored bytes of a chunk of little-endian elements of `width` bytes, 2 or 4.
  static func encode(_ elements: RawSpan, width: Int) -> [UInt8] {
    let count = elements.byteCount / width
    let compressor = ZstdCompressor()
    let planes = split(elements, count: count, width: width)
    let prefix = 4 * width
    var lengths = ByteWriter()
    // Every plane leaves room for the worst frame of the next one.
    let capacity = prefix + (width - 1) * count + ZstdCompressor.bound(count)
    var bytes = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, filled in
      unsafe buffer[..<prefix].initialize(repeating: 0)
      filled = prefix
      unsafe planes.withUnsafeBytes { planes in
        for plane in 0..<width {
          let source = unsafe UnsafeRawBufferPointer(
            rebasing: planes[plane * count..<(plane + 1) * count])
          let target = unsafe UnsafeMutableRawBufferPointer(
            rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
          let length = unsafe store(source, into: target, compressor)
          lengths.write(UInt32(length))
          filled += length
        }
      }
    }
    bytes.replaceSubrange(..<prefix, with: lengths.bytes)
    return bytes
  }

  /// Stores one plane as a frame, or as it is unless the frame is smaller and allowed; returns its length.
  private static func store(
    _ plane: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer,
    _ compressor: borrowing ZstdCompressor
  ) -> Int {
    guard unsafe !plane.isEmpty else { return 0 }
    let length = unsafe compressor.compress(plane, into: target)
    if length < plane.count, ZstdFrame.mayExpand(length, to: plane.count) { return length }
    unsafe target.copyMemory(from: plane)
    return plane.count
  }

  private static func split(_ elements: RawSpan, count: Int, width: Int) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: count * width) { buffer, filled in
      unsafe elements.withUnsafeBytes { elements in
        if let source = elements.baseAddress, let target = buffer.baseAddress {
          unsafe ck_split_planes(source, count, width, target)
        }
      }
      filled = count * width
    }
  }
}
