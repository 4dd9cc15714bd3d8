import Glibc
import Synchronization

/// A file read in pieces by position, from any thread, which counts what it reads.
public final class RandomAccessFile: Sendable {
  /// Where the file was opened.
  public let path: String
  /// Its size in bytes when it was opened.
  public let size: UInt64
  private let file: FileDescriptor
  private let counter = Atomic<UInt64>(0)

  /// Opens the regular file at `path` for reading.
  ///
  /// - Throws: `SystemError` if it cannot be opened or is no regular file.
  public init(path: String) throws(SystemError) {
    self.path = path
    file = try FileDescriptor(reading: path)
    size = try file.size(path: path)
  }

  /// How many bytes have been read so far.
  public var bytesRead: UInt64 { counter.load(ordering: .relaxed) }

  /// Reads exactly `count` bytes from `offset` on.
  ///
  /// - Throws: `MalformedFile` if the file ends before that, `SystemError` if reading fails.
  ///   Nothing is allocated before the range is known to lie within the file.
  public func read(at offset: UInt64, count: Int, section: String) throws -> [UInt8] {
    guard count >= 0, offset <= size, UInt64(count) <= size - offset else {
      throw truncated(section, offset)
    }
    let bytes = try unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let rest = unsafe UnsafeMutableRawBufferPointer(
          rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
        let got = uninterrupted {
          unsafe pread(file.raw, rest.baseAddress, rest.count, off_t(offset) + off_t(filled))
        }
        guard got >= 0 else { throw SystemError(operation: "read", path: path) }
        guard got > 0 else { throw truncated(section, offset + UInt64(filled)) }
        filled += got
      }
    }
    counter.add(UInt64(count), ordering: .relaxed)
    return bytes
  }

  private func truncated(_ section: String, _ offset: UInt64) -> MalformedFile {
    MalformedFile(
      path: path, section: section, offset: offset,
      problem: "the file ends before this part is complete; copy or write it again")
  }
}
