import Platform

/// A folder that one process at a time writes to. The lock ends with this object or the process.
package final class FolderLock: Sendable {
  private let descriptor: FileDescriptor

  /// Locks the folder at `path`; nil if another process holds it. A file system without locks keeps
  /// nobody out.
  ///
  /// - Throws: `SystemError` if it is no folder or may not be read.
  package init?(_ path: String) throws(SystemError) {
    descriptor = try Self.open(path)
    let raw = descriptor.raw
    guard uninterrupted({ flock(raw, LOCK_EX | LOCK_NB) }) == 0 || errno != EWOULDBLOCK else {
      return nil
    }
  }

  /// Locks the folder at `path`, after whoever holds it. A file system without locks keeps nobody
  /// out.
  ///
  /// - Throws: As `init(_:)`.
  package init(waitingFor path: String) throws(SystemError) {
    descriptor = try Self.open(path)
    let raw = descriptor.raw
    _ = uninterrupted { flock(raw, LOCK_EX) }
  }

  private static func open(_ path: String) throws(SystemError) -> FileDescriptor {
    let descriptor = FileDescriptor(
      adopting: uninterrupted { unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
    guard descriptor.raw >= 0 else { throw SystemError(operation: "open", path: path) }
    return descriptor
  }
}
