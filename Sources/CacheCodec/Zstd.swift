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

/// Decodes zstd frames that `ZstdFrame.problem` found nothing wrong with.
@safe struct ZstdDecompressor: ~Copyable {
  private let context: OpaquePointer?

  /// Prepares to decode frames.
  init() {
    unsafe context = ZSTD_createDCtx()
    unsafe precondition(context != nil, "out of memory")
  }

  deinit { unsafe ZSTD_freeDCtx(context) }

  /// Decodes a frame to exactly the buffer's size; false if it cannot be.
  borrowing func decompress(
    _ frame: UnsafeRawBufferPointer, into buffer: UnsafeMutableRawBufferPointer
  ) -> Bool {
    let length = unsafe ZSTD_decompressDCtx(
      context, buffer.baseAddress, buffer.count, frame.baseAddress, frame.count)
    return ZSTD_isError(length) == 0 && length == buffer.count
  }
}
