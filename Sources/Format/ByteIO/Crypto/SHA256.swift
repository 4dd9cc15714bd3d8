import CLibCrypto

/// A SHA-256 digest computed piece by piece. Source: FIPS 180-4; libcrypto computes it.
@safe public struct SHA256: ~Copyable {
  /// The length of a digest in bytes.
  public static let byteCount = 32

  private let context: OpaquePointer?

  /// Starts an empty message.
  public init() {
    unsafe context = EVP_MD_CTX_new()
    unsafe precondition(EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1, "out of memory")
  }

  deinit { unsafe EVP_MD_CTX_free(context) }

  /// Appends bytes to the message.
  public mutating func update(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { unsafe _ = EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
  }

  /// Appends bytes to the message.
  public mutating func update(_ bytes: [UInt8]) { unsafe update(bytes.span.bytes) }

  /// Ends the message and returns its digest of 32 bytes.
  public consuming func finish() -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: Self.byteCount) { buffer, count in
      unsafe EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
      count = Self.byteCount
    }
  }

  /// The digest of an array of bytes.
  public static func digest(of bytes: [UInt8]) -> [UInt8] {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finish()
  }

  /// The digest of a mapped file, whose pages return to the system one piece after the other.
  package static func digest(of file: MappedFile) -> [UInt8] {
    var hash = SHA256()
    let bytes = file.bytes
    for start in stride(from: 0, to: bytes.byteCount, by: 1 << 24) {
      let piece = start..<min(start + 1 << 24, bytes.byteCount)
      hash.update(bytes.extracting(piece))
      file.releasePages(piece)
    }
    return hash.finish()
  }

  /// The digest of parts of a file, read in pieces: memory does not grow with their length.
  ///
  /// - Throws: As `RandomAccessFile.read`.
  public static func digest(of file: RandomAccessFile, _ parts: [Range<UInt64>]) throws -> [UInt8] {
    var hash = SHA256()
    for part in parts {
      try file.forEachPiece(
        from: part.lowerBound, count: part.upperBound - part.lowerBound, section: "digest"
      ) { hash.update($0) }
    }
    return hash.finish()
  }
}
