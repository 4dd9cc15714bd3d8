import Glibc

/// A file that appears at its path whole or not at all.
///
/// It is written without a name (`O_TMPFILE`), so that a process that is killed leaves nothing;
/// `commit` flushes it, gives it a temporary name beside the path, renames that over the path and
/// flushes the folder. A reader sees the old file or the new one. Where the file system has no
/// nameless files, the temporary name exists from the start and is removed when writing fails.
public struct AtomicFile: ~Copyable {
  /// Where the file will appear.
  public let path: String
  private let target: String
  private let folder: String
  private let temporaryPath: String
  private var isNamed: Bool
  private let file: FileDescriptor

  /// Begins a file that is to appear at `path`.
  ///
  /// - Throws: `SystemError` if the folder is missing or may not be written, or `path` is a folder.
  public init(path: String) throws(SystemError) {
    let target = try Self.target(path)
    let folder = Self.folder(of: target)
    let temporaryPath = TemporaryNames.next(in: folder)
    var descriptor = unsafe open(folder, Self.nameless | O_RDWR | O_CLOEXEC, 0o644)
    let isNamed = descriptor < 0 && (errno == EOPNOTSUPP || errno == EINVAL || errno == EISDIR)
    if isNamed {
      TemporaryNames.add(temporaryPath)
      descriptor = unsafe open(temporaryPath, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o644)
    }
    guard descriptor >= 0 else { throw SystemError(operation: "create", path: path) }
    self.path = path
    self.target = target
    self.folder = folder
    self.temporaryPath = temporaryPath
    self.isNamed = isNamed
    file = FileDescriptor(adopting: descriptor)
  }

  /// Finds out before long work whether a file could be made at `path`, and leaves nothing.
  ///
  /// - Throws: As `init(path:)`.
  public static func checkWritable(_ path: String) throws(SystemError) {
    _ = try AtomicFile(path: path)
  }

  deinit {
    if isNamed { unsafe _ = unlink(temporaryPath) }
    TemporaryNames.remove(temporaryPath)
  }

  /// Writes bytes at a position; what lies between written parts reads as zeros.
  ///
  /// - Throws: `SystemError`, for example when the disk is full.
  public func write(_ bytes: RawSpan, at offset: UInt64) throws(SystemError) {
    var done = 0
    while done < bytes.byteCount {
      let rest = bytes.extracting(done..<bytes.byteCount)
      let written = unsafe rest.withUnsafeBytes {
        unsafe pwrite(file.raw, $0.baseAddress, $0.count, off_t(offset) + off_t(done))
      }
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { throw SystemError(operation: "write", path: path) }
      done += written
    }
  }

  /// Writes an array of bytes at a position.
  public func write(_ bytes: [UInt8], at offset: UInt64) throws(SystemError) {
    unsafe try write(bytes.span.bytes, at: offset)
  }

  /// Makes the file appear at its path, durably.
  ///
  /// - Throws: `SystemError`; the path then holds what it held before.
  public consuming func commit() throws(SystemError) {
    guard fsync(file.raw) == 0 else { throw SystemError(operation: "flush", path: path) }
    if !isNamed {
      TemporaryNames.add(temporaryPath)
      let source = "/proc/self/fd/\(file.raw)"
      guard unsafe linkat(AT_FDCWD, source, AT_FDCWD, temporaryPath, AT_SYMLINK_FOLLOW) == 0 else {
        throw SystemError(operation: "create", path: path)
      }
      isNamed = true
    }
    guard unsafe rename(temporaryPath, target) == 0 else {
      throw SystemError(operation: "rename", path: path)
    }
    isNamed = false
    try Self.flush(folder: folder)
  }

  /// `O_TMPFILE`, a macro that does not reach Swift.
  private static let nameless: Int32 = 0o20_000_000 | O_DIRECTORY

  private static func flush(folder: String) throws(SystemError) {
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError(operation: "flush", path: folder) }
    let directory = FileDescriptor(adopting: descriptor)
    // Some network file systems cannot flush a folder; the rename is then as durable as they make it.
    guard fsync(directory.raw) == 0 || errno == EINVAL else {
      throw SystemError(operation: "flush", path: folder)
    }
  }

  /// The path that the file is renamed to: behind a symbolic link, what it points at. A folder, pipe or
  /// device must not be replaced by a file, and what cannot even be asked about cannot be created.
  private static func target(_ path: String) throws(SystemError) -> String {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else {
      guard errno == ENOENT else { throw SystemError(operation: "create", path: path) }
      return path
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      let code = status.st_mode & S_IFMT == S_IFDIR ? EISDIR : SystemError.notRegular
      throw SystemError(operation: "create", path: path, code: code)
    }
    guard let resolved = unsafe realpath(path, nil) else {
      throw SystemError(operation: "create", path: path)
    }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
