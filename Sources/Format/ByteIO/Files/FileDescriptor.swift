import Platform

/// An open file, closed when it goes out of scope.
struct FileDescriptor: ~Copyable, Sendable {
  let raw: Int32

  /// Takes over an open descriptor.
  init(adopting raw: Int32) { self.raw = raw }

  /// Opens a regular file for reading; rejects a folder, pipe or device without blocking on it.
  init(reading path: String) throws(SystemError) {
    raw = uninterrupted {
      unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    }
    guard raw >= 0 else {
      // A socket, or a device that does not exist.
      let code = errno == ENXIO ? SystemError.notRegular : errno
      throw SystemError(operation: "open", path: path, code: code)
    }
    let mode = try status(path: path).st_mode & S_IFMT
    guard mode == S_IFREG else {
      throw SystemError(
        operation: "open", path: path, code: mode == S_IFDIR ? EISDIR : SystemError.notRegular)
    }
  }

  deinit { if raw >= 0 { close(raw) } }

  /// The file's size in bytes.
  func size(path: String) throws(SystemError) -> UInt64 {
    UInt64(try status(path: path).st_size)
  }

  /// The file's status.
  func status(path: String) throws(SystemError) -> stat {
    var status = stat()
    guard unsafe fstat(raw, &status) == 0 else {
      throw SystemError(operation: "inspect", path: path)
    }
    return status
  }

  /// Reads bytes from `offset` on.
  ///
  /// - Returns: How many there were: fewer than fit only at the file's end.
  @unsafe func fill(
    _ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64, path: String
  ) throws(SystemError) -> Int {
    var filled = 0
    while filled < buffer.count {
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let got = uninterrupted {
        unsafe pread(raw, rest.baseAddress, rest.count, off_t(offset) + off_t(filled))
      }
      guard got >= 0 else { throw SystemError(operation: "read", path: path) }
      guard got > 0 else { break }
      filled += got
    }
    return filled
  }
}
