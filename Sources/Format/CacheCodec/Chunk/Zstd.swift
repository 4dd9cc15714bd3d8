import CZstd

/// The one place that calls libzstd.
///
/// A compressor serves one chunk, so that a frame's bytes depend only on its input.
@safe struct ZstdCompressor: ~Copyable {
  /// How hard repetitions are searched for.
  enum Search {
    /// As level 1 does.
    case usual
    /// Little, for bytes whose repetitions are chance and cost more than their codes. The high
    /// bytes of bfloat16 become 5 % smaller, and are encoded and decoded about twice as fast.
    case little
  }

  private let context: OpaquePointer?

  /// Prepares to compress at level 1, recording the content size and no checksum.
  init() {
    unsafe context = ZSTD_createCCtx()
    unsafe precondition(context != nil, "out of memory")
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 1)
  }

  deinit { unsafe ZSTD_freeCCtx(context) }

  /// The greatest length of a frame of that many bytes; each block that ends early adds a header.
  static func bound(_ bytes: Int, blocks: Int) -> Int { ZSTD_compressBound(bytes) + blocks * 32 }

  /// Writes one frame of these bytes to the beginning of a buffer, which has room for `bound`
  /// bytes. Blocks end at least at each of `blockEnds`; the last of these is the end of the bytes.
  ///
  /// - Returns: The frame's length.
  borrowing func compress(
    _ bytes: ArraySlice<UInt8>, search: Search, blockEnds: [Int],
    into buffer: UnsafeMutableRawBufferPointer
  ) -> Int {
    // Zero means the level's own value.
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, search == .little ? 6 : 0)
    unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_minMatch, search == .little ? 7 : 0)
    unsafe ZSTD_CCtx_setPledgedSrcSize(context, UInt64(bytes.count))
    var output = unsafe ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
    unsafe bytes.withUnsafeBytes { bytes in
      var input = unsafe ZSTD_inBuffer(src: bytes.baseAddress, size: 0, pos: 0)
      for (index, end) in blockEnds.enumerated() {
        unsafe input.size = end
        let isLast = index == blockEnds.count - 1
        let left = unsafe ZSTD_compressStream2(
          context, &output, &input, isLast ? ZSTD_e_end : ZSTD_e_flush)
        precondition(left == 0, "out of memory")
      }
    }
    return unsafe output.pos
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

  /// Decodes a frame to exactly the buffer's size; false if that fails.
  borrowing func decompress(
    _ frame: UnsafeRawBufferPointer, into buffer: UnsafeMutableRawBufferPointer
  ) -> Bool {
    let length = unsafe ZSTD_decompressDCtx(
      context, buffer.baseAddress, buffer.count, frame.baseAddress, frame.count)
    return ZSTD_isError(length) == 0 && length == buffer.count
  }
}
