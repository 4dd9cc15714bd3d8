import Platform

/// A file that one process at a time changes in place. The lock ends with this object or the
/// process.
package final class FileLock: Sendable {
  private let descriptor: FileDescriptor

  /// Locks the file at `path`, as soon as no other process holds it. A file system without locks
  /// keeps nobody out.
  ///
  /// - Throws: `SystemError` if it may not be read or is no regular file.
  package init(_ path: String) throws(SystemError) {
    descriptor = try FileDescriptor(reading: path)
    let raw = descriptor.raw
    _ = uninterrupted { flock(raw, LOCK_EX) }
  }
}
