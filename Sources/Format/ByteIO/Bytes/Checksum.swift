import CXXHash

/// The checksum of every file of this project: XXH64 with seed 0.
///
/// It detects accidents, not forgery; proofs use `SHA256`. Source: the xxHash specification;
/// libxxhash computes it.
public enum Checksum {
  /// The checksum of some bytes.
  public static func of(_ bytes: RawSpan) -> UInt64 {
    unsafe bytes.withUnsafeBytes { unsafe XXH64($0.baseAddress, $0.count, 0) }
  }

  /// The checksum of a range of a file, read in pieces: memory does not grow with its length.
  ///
  /// - Throws: As `RandomAccessFile.read`.
  public static func of(
    _ file: RandomAccessFile, at offset: UInt64, count: UInt64, section: String
  ) throws -> UInt64 {
    let stream = ChecksumStream()
    try file.forEachPiece(from: offset, count: count, section: section) { stream.update($0) }
    return stream.value
  }

  /// The checksum of an array of bytes.
  public static func of(_ bytes: [UInt8]) -> UInt64 { unsafe of(bytes.span.bytes) }
}

/// The checksum of bytes that come piece by piece.
@safe public struct ChecksumStream: ~Copyable {
  private let state: OpaquePointer?

  /// Begins with no bytes.
  public init() {
    unsafe state = XXH64_createState()
    unsafe precondition(state != nil && XXH64_reset(state, 0) == XXH_OK, "out of memory")
  }

  deinit { unsafe _ = XXH64_freeState(state) }

  /// Adds the next bytes.
  public borrowing func update(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { unsafe _ = XXH64_update(state, $0.baseAddress, $0.count) }
  }

  /// The checksum of all bytes so far.
  public var value: UInt64 { unsafe XXH64_digest(state) }
}
