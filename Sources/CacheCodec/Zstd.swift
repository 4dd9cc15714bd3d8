import CZstd

/// The one place that calls libzstd.
///
/// A compressor serves one chunk, so that a frame's bytes depend on nothing but its input.
@safe struct ZstdCompressor: ~Copyable {
  private let context: OpaquePointer?

  /// Prepares to compress at level 1, recording the content size and no checksum.
  init() {
    unsafe context = ZSTD_createCCtx()
    unsafe precondition(context != nil, "out of memory")
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 1)
  }

  deinit { unsafe ZSTD_freeCCtx(context) }

  /// The most bytes that a frame of `count` bytes can take.
  static func bound(_ count: Int) -> Int { ZSTD_compressBound(count) }

  /// Compresses into a buffer of at least `bound` bytes and returns the frame's length.
  borrowing func compress(
    _ bytes: UnsafeRawBufferPointer, into buffer: UnsafeMutableRawBufferPointer
  ) -> Int {
    let length = unsafe ZSTD_compress2(
      context, buffer.baseAddress, buffer.count, bytes.baseAddress, bytes.count)
    precondition(ZSTD_isError(length) == 0, "out of memory")
    return length
  }
}

/// Decodes zstd frames whose decoded size is known beforehand.
@safe struct ZstdDecompressor: ~Copyable {
  private let context: OpaquePointer?

  /// Prepares to decode frames.
  init() {
    unsafe context = ZSTD_createDCtx()
    unsafe precondition(context != nil, "out of memory")
  }

  deinit { unsafe ZSTD_freeDCtx(context) }

  /// What is wrong with bytes that should be one frame of `count` decoded bytes, judged by headers
  /// alone; nil if nothing is.
  static func problem(_ frame: RawSpan, count: Int) -> String? {
    unsafe frame.withUnsafeBytes { frame in
      // The magic of RFC 8878 comes first: libzstd may also take frames of older formats.
      guard frame.count >= 4,
        unsafe frame.loadUnaligned(as: UInt32.self) == UInt32(0xfd2f_b528).littleEndian
      else {
        return "not a zstd frame"
      }
      guard unsafe ZSTD_getFrameContentSize(frame.baseAddress, frame.count) == UInt64(count) else {
        return "a zstd frame that does not say it decodes to \(count) bytes"
      }
      let length = unsafe ZSTD_findFrameCompressedSize(frame.baseAddress, frame.count)
      guard length == frame.count else {
        return "not exactly one zstd frame"
      }
      // A block takes at least 4 bytes and decodes to at most 128 KiB.
      guard count >> 15 <= frame.count else { return "a zstd frame too short for its content" }
      return nil
    }
  }

  /// Decodes a frame to exactly the buffer's size; false if it cannot be.
  borrowing func decompress(
    _ frame: UnsafeRawBufferPointer, into buffer: UnsafeMutableRawBufferPointer
  ) -> Bool {
    let length = unsafe ZSTD_decompressDCtx(
      context, buffer.baseAddress, buffer.count, frame.baseAddress, frame.count)
    return ZSTD_isError(length) == 0 && length == buffer.count
  }
}
