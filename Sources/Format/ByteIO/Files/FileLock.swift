import Platform

/// A lock on a file: many processes may share it, or one has it alone. It ends with this object or
/// the process. A file system without locks keeps nobody out.
package final class FileLock: Sendable {
  private let descriptor: FileDescriptor

  /// Locks the file at `path` alone, as soon as no other process holds it.
  ///
  /// - Throws: `SystemError` if it may not be read or is no regular file.
  package init(_ path: String) throws(SystemError) {
    descriptor = try FileDescriptor(reading: path)
    let raw = descriptor.raw
    _ = uninterrupted { flock(raw, LOCK_EX) }
  }

  /// Locks the file at `path` together with others who share it.
  ///
  /// - Throws: As `init(_:)`.
  package init(sharing path: String) throws(SystemError) {
    descriptor = try FileDescriptor(reading: path)
    let raw = descriptor.raw
    _ = uninterrupted { flock(raw, LOCK_SH) }
  }

  /// Locks the file at `path` alone; nil if somebody else holds it.
  ///
  /// - Throws: As `init(_:)`.
  package init?(ifFree path: String) throws(SystemError) {
    descriptor = try FileDescriptor(reading: path)
    let raw = descriptor.raw
    guard uninterrupted({ flock(raw, LOCK_EX | LOCK_NB) }) == 0 || errno != EWOULDBLOCK else {
      return nil
    }
  }
}
