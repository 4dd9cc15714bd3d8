import Platform

/// A file whose bytes are replaced where they are. Only for a few bytes that need no others;
/// `AtomicFile` replaces whole files.
package struct InPlaceFile: ~Copyable {
  private let path: String
  private let file: FileDescriptor

  /// Opens a regular file for writing.
  ///
  /// - Throws: `SystemError` if it may not be written or is no regular file.
  package init(path: String) throws(SystemError) {
    self.path = path
    file = FileDescriptor(
      adopting: uninterrupted { unsafe open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) })
    guard file.raw >= 0 else { throw SystemError(operation: "write", path: path) }
    guard try file.status(path: path).st_mode & S_IFMT == S_IFREG else {
      throw SystemError(operation: "write", path: path, code: SystemError.notRegular)
    }
  }

  /// Replaces bytes from an offset on, and flushes them to the disk.
  ///
  /// - Throws: `SystemError`.
  package func replace(_ bytes: [UInt8], at offset: UInt64) throws(SystemError) {
    var done = 0
    while done < bytes.count {
      let written = uninterrupted {
        unsafe bytes.withUnsafeBytes {
          unsafe pwrite(
            file.raw, $0.baseAddress.map { unsafe $0 + done }, bytes.count - done,
            off_t(offset) + off_t(done))
        }
      }
      guard written > 0 else { throw SystemError(operation: "write", path: path) }
      done += written
    }
    guard fsync(file.raw) == 0 else { throw SystemError(operation: "write", path: path) }
  }
}
