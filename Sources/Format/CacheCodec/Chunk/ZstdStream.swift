package import ByteIO
import CZstd

/// Decompresses a text file of zstd frames piece by piece. It does not trust the size that a frame
/// states.
@safe package struct ZstdStream: ~Copyable {
  private let context: OpaquePointer?
  private let path: String
  private var position: UInt64 = 0
  private var isInFrame = false

  /// The maximum length of a piece in bytes.
  private static let pieceBytes = 1 << 17

  /// Prepares to decompress. Errors name `path`.
  package init(path: String) {
    self.path = path
    unsafe context = ZSTD_createDCtx()
    unsafe precondition(context != nil, "out of memory")
  }

  deinit { unsafe ZSTD_freeDCtx(context) }

  /// Takes the next bytes of the file.
  ///
  /// - Parameter body: Called with each decompressed piece, until it returns false.
  /// - Returns: False if `body` did.
  /// - Throws: `MalformedFile` if the bytes are no zstd, and what `body` throws.
  package mutating func decompress(
    _ bytes: [UInt8], _ body: ([UInt8]) throws -> Bool
  ) throws -> Bool {
    var done = 0
    while true {
      let (piece, used) = try step(bytes, from: done)
      done += used
      position += UInt64(used)
      if !piece.isEmpty, try !body(piece) { return false }
      // The decompressor's remaining output comes before it takes more input.
      if done == bytes.count && piece.count < Self.pieceBytes { return true }
    }
  }

  private mutating func step(
    _ bytes: [UInt8], from start: Int
  ) throws(MalformedFile) -> (piece: [UInt8], used: Int) {
    var (used, status) = (0, 0)
    let piece = unsafe [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, filled in
      unsafe bytes.withUnsafeBytes { bytes in
        var input = unsafe ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: start)
        var output = unsafe ZSTD_outBuffer(
          dst: buffer.baseAddress, size: Self.pieceBytes, pos: 0)
        status = unsafe ZSTD_decompressStream(context, &output, &input)
        (filled, used) = unsafe (output.pos, input.pos - start)
      }
    }
    guard ZSTD_isError(status) == 0 else {
      throw error(
        "this is no zstd, or is damaged (\(unsafe String(cString: ZSTD_getErrorName(status))))")
    }
    if used > 0 || !piece.isEmpty { isInFrame = status != 0 }
    return (piece, used)
  }

  /// Checks that the last frame was complete.
  ///
  /// - Throws: `MalformedFile` if it was not.
  package func finish() throws(MalformedFile) {
    guard !isInFrame else { throw error("the zstd frame ends too early") }
  }

  private func error(_ problem: String) -> MalformedFile {
    MalformedFile(
      path: path, section: "zstd", offset: position, problem: problem + "; copy the file again")
  }
}
