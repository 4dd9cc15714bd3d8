/// A file that any thread reads by position. It counts the bytes read.
public final class RandomAccessFile: Sendable {
  /// Where the file was opened, for messages: without a query, which may hold a signature.
  public let path: String
  /// Where the file can be opened again.
  package let location: String
  private let source: any ByteSource

  /// Its size in bytes when it was opened.
  public var size: UInt64 { source.size }

  /// Opens the regular file at `path` for reading.
  ///
  /// - Throws: `SystemError` if it cannot be opened or is no regular file.
  public init(path: String) throws(SystemError) {
    source = try LocalFile(path: path)
    (self.path, location) = (path, path)
  }

  /// Opens a file for reading that may be on a server.
  ///
  /// - Parameter location: The path of a regular file, or an address that begins with `https://` or
  ///   `http://`.
  /// - Throws: `SystemError` if it cannot be opened or is no regular file; `RemoteFileError`.
  public init(location: String) throws {
    self.location = location
    if let address = Address(location) {
      source = try RemoteFiles.open(address)
      path = address.shown
    } else {
      source = try LocalFile(path: location)
      path = location
    }
  }

  /// How many bytes have been read so far: from the disk, or from the server.
  public var bytesRead: UInt64 { source.bytesRead }

  /// Requests what is missing of a remote file's first `end` bytes at once. Otherwise reads request
  /// what they need, and some more.
  ///
  /// - Throws: `RemoteFileError`, `SystemError`.
  package func prefetch(upTo end: UInt64) throws { try source.prefetch(upTo: min(end, size)) }

  /// Reads exactly `count` bytes from `offset` on.
  ///
  /// - Throws: `MalformedFile` if the file ends before that, `SystemError` or `RemoteFileError`
  ///   if reading fails. Nothing is allocated before the range is known to lie within the file.
  public func read(at offset: UInt64, count: Int, section: String) throws -> [UInt8] {
    try checkRange(offset, count, section)
    return try unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      try unsafe fill(UnsafeMutableRawBufferPointer(buffer), at: offset, section)
      filled = count
    }
  }

  /// Reads exactly `count` bytes from `offset` on into the beginning of `buffer`, which grows if it
  /// is shorter. Reading piece after piece then needs no new memory.
  ///
  /// - Throws: As `read(at:count:section:)`.
  public func read(
    at offset: UInt64, count: Int, into buffer: inout [UInt8], section: String
  ) throws {
    try checkRange(offset, count, section)
    if buffer.count < count { buffer = [UInt8](repeating: 0, count: count) }
    try unsafe buffer.withUnsafeMutableBytes { buffer in
      try unsafe fill(
        UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]), at: offset, section)
    }
  }

  private static let pieceByteCount: UInt64 = 1 << 20

  /// Reads a range of the file and calls `body` with each piece: memory does not grow with its
  /// length.
  ///
  /// - Throws: As `read(at:count:section:)`.
  func forEachPiece(
    from offset: UInt64, count: UInt64, section: String, _ body: (RawSpan) -> Void
  ) throws {
    var (done, buffer) = (UInt64(0), [UInt8]())
    while done < count {
      let piece = Int(min(count - done, Self.pieceByteCount))
      try read(at: offset + done, count: piece, into: &buffer, section: section)
      unsafe body(buffer.span.bytes.extracting(first: piece))
      done += UInt64(piece)
    }
  }

  private func checkRange(
    _ offset: UInt64, _ count: Int, _ section: String
  ) throws(MalformedFile) {
    guard count >= 0, offset <= size, UInt64(count) <= size - offset else {
      throw truncated(section, offset)
    }
  }

  @unsafe private func fill(
    _ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64, _ section: String
  ) throws {
    let filled = try unsafe source.fill(buffer, at: offset)
    guard filled == buffer.count else { throw truncated(section, offset + UInt64(filled)) }
  }

  private func truncated(_ section: String, _ offset: UInt64) -> MalformedFile {
    MalformedFile(
      path: path, section: section, offset: offset,
      problem: "the file ends before this part is complete; copy or write it again")
  }
}
