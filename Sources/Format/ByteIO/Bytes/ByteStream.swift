import Platform

/// A file that can only be read from its beginning to its end: a pipe, or standard input.
///
/// It is for texts. A file that is read by position, such as a snapshot, needs a
/// `RandomAccessFile`.
package struct ByteStream: ~Copyable {
  /// The source, for messages.
  package let name: String
  private let file: FileDescriptor

  /// Standard input, from its present position.
  ///
  /// - Throws: `SystemError` if it is closed.
  package static func standardInput() throws(SystemError) -> ByteStream {
    // A copy, because the descriptor is closed at the end.
    let copy = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0 else { throw SystemError(operation: "read", path: standardInputName) }
    return ByteStream(name: standardInputName, file: FileDescriptor(adopting: copy))
  }

  private static let standardInputName = "standard input"

  private init(name: String, file: consuming FileDescriptor) {
    self.name = name
    self.file = file
  }

  /// Opens the pipe at `path`; nil if `path` is anything else, or nothing.
  package init?(pipe path: String) {
    let mode = Folder.mode(path)
    guard mode == S_IFIFO else { return nil }
    // This does not wait for a writer; `readAll` does.
    let raw = uninterrupted { unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) }
    guard raw >= 0 else { return nil }
    self.init(name: path, file: FileDescriptor(adopting: raw))
  }

  private static let pieceBytes = 1 << 16

  /// Reads to the end.
  ///
  /// - Returns: All bytes; nil if there are more than `limit`.
  /// - Throws: `SystemError` if reading fails.
  package func readAll(limit: Int) throws(SystemError) -> [UInt8]? {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: Self.pieceBytes)
    while true {
      try waitForBytes()
      let raw = file.raw
      let got = uninterrupted {
        unsafe piece.withUnsafeMutableBytes { unsafe read(raw, $0.baseAddress, $0.count) }
      }
      if got < 0, errno == EAGAIN { continue }
      guard got >= 0 else { throw SystemError(operation: "read", path: name) }
      guard got > 0 else { return bytes }
      guard got <= limit - bytes.count else { return nil }
      bytes += piece[..<got]
    }
  }

  /// Waits until there are bytes to read, or until a writer has closed the pipe.
  private func waitForBytes() throws(SystemError) {
    var wanted = pollfd(fd: file.raw, events: Int16(POLLIN), revents: 0)
    guard uninterrupted({ Int(unsafe poll(&wanted, 1, -1)) }) >= 0 else {
      throw SystemError(operation: "read", path: name)
    }
  }
}
