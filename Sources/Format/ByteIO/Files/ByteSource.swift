import Platform
import Synchronization

/// Where the bytes of a `RandomAccessFile` come from. Any thread reads them.
protocol ByteSource: Sendable {
  /// How many there are.
  var size: UInt64 { get }
  /// How many came from the disk, or from a server.
  var bytesRead: UInt64 { get }

  /// Makes the first `end` bytes ready to be read, if that takes long.
  ///
  /// - Throws: `RemoteFileError`, `SystemError`.
  func prefetch(upTo end: UInt64) throws

  /// Reads bytes from `offset` on.
  ///
  /// - Returns: How many were there.
  /// - Throws: `RemoteFileError`, `SystemError`.
  @unsafe func fill(_ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int
}

/// A file of a file system.
final class LocalFile: ByteSource {
  let size: UInt64
  private let path: String
  private let file: FileDescriptor
  private let counter = Atomic<UInt64>(0)

  /// - Throws: `SystemError` if the file cannot be opened or is no regular file.
  init(path: String) throws(SystemError) {
    self.path = path
    file = try FileDescriptor(reading: path)
    size = try file.size(path: path)
  }

  var bytesRead: UInt64 { counter.load(ordering: .relaxed) }

  func prefetch(upTo end: UInt64) {}

  @unsafe func fill(_ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
    let count = try unsafe file.fill(buffer, at: offset, path: path)
    counter.add(UInt64(count), ordering: .relaxed)
    return count
  }
}
