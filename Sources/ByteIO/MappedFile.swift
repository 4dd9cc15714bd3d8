import Glibc

/// A whole file mapped read-only into memory, and unmapped when the last owner lets it go.
///
/// For files that are read in place, such as model weights. Do not use it for a file that somebody
/// may truncate meanwhile, or of which only a little is read: that is `RandomAccessFile`.
@safe public final class MappedFile: @unchecked Sendable {
  /// Where the file was opened.
  public let path: String
  private let base: UnsafeMutableRawPointer?
  private let count: Int

  /// Maps the regular file at `path`.
  ///
  /// - Throws: `SystemError` if it cannot be opened, is no regular file, or cannot be mapped.
  public init(path: String) throws(SystemError) {
    let file = try FileDescriptor(reading: path)
    guard let count = Int(exactly: try file.size(path: path)) else {
      throw SystemError(operation: "map", path: path, code: EFBIG)
    }
    let address = unsafe count > 0 ? mmap(nil, count, PROT_READ, MAP_PRIVATE, file.raw, 0) : nil
    guard unsafe address != MAP_FAILED else { throw SystemError(operation: "map", path: path) }
    self.path = path
    self.count = count
    unsafe base = address
  }

  deinit {
    if let base = unsafe base { unsafe munmap(base, count) }
  }

  /// The file's contents.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      unsafe _overrideLifetime(
        RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: base, count: count)), borrowing: self)
    }
  }
}
