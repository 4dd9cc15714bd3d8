import Platform

/// A file that appears at its path whole or not at all.
///
/// ```
///  init    open the folder, make a file without a name in it
///  write   pwrite …
///  commit  fsync the file ─▶ link it to the path ──────────────────────────────▶ fsync the folder
///                            └ taken? link it to a temporary name, rename that ┘
/// ```
///
/// A reader of the path sees the old file or the new one, whatever fails and whenever the process
/// or the machine stops. When several writers share a path, each file is whole and the last commit
/// wins. An error leaves no other name. A killed process leaves none either, except in two cases,
/// in which a file `.qfilters-….tmp` may stay next to the path. It does no harm and may be deleted:
///
/// - between the last two steps of replacing a file, because no call replaces a name by a nameless
///   file;
/// - where the file system has no nameless files (`O_TMPFILE`; some network file systems). There
///   the temporary name exists from the start.
package struct AtomicFile: ~Copyable {
  /// Where the file will appear.
  package let path: String
  private let target: String
  private let folder: FileDescriptor
  private let file: FileDescriptor
  private var temporary: TemporaryName

  /// Begins a file that will appear at `path`, or at its target if it is a symbolic link.
  ///
  /// - Throws: `SystemError` if the folder is missing or may not be read and written, or `path` is
  ///   a folder, pipe or device.
  package init(path: String) throws(SystemError) {
    let target = try Self.target(path)
    let folderPath = Folder.parent(of: target)
    // Opened now, so that only the flush can fail once the file is in place.
    let folder = FileDescriptor(
      adopting: uninterrupted { unsafe open(folderPath, O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
    guard folder.raw >= 0 else { throw SystemError(operation: "create", path: path) }
    var temporary = TemporaryName(in: folderPath)
    let file = Self.create(in: folderPath, &temporary)
    guard file.raw >= 0, Self.keepMode(of: target, in: file) else {
      throw SystemError(operation: "create", path: path)
    }
    self.path = path
    self.target = target
    self.folder = folder
    self.file = file
    self.temporary = temporary
  }

  /// A new file without a name or, where the file system cannot do that, with the temporary name.
  private static func create(
    in folder: String, _ temporary: inout TemporaryName, mode: mode_t = 0o644
  ) -> FileDescriptor {
    var descriptor = uninterrupted {
      unsafe open(folder, nameless | O_RDWR | O_CLOEXEC, mode)
    }
    if descriptor < 0 && (errno == EOPNOTSUPP || errno == EINVAL || errno == EISDIR) {
      let name = temporary.path
      descriptor = uninterrupted {
        unsafe open(name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, mode)
      }
      temporary.isTaken = descriptor >= 0
    }
    return FileDescriptor(adopting: descriptor)
  }

  /// A file that never gets a name, in `TMPDIR` or `/tmp`, for this user alone.
  ///
  /// - Throws: `SystemError` if there can be none.
  static func withoutName() throws(SystemError) -> FileDescriptor {
    let chosen = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) }
    let folder = chosen.flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    // A name that the file had to take is removed at once.
    var temporary = TemporaryName(in: folder)
    let file = create(in: folder, &temporary, mode: 0o600)
    guard file.raw >= 0 else {
      throw SystemError(operation: "create a temporary file in", path: folder)
    }
    return file
  }

  /// A replaced file keeps its permissions: a snapshot holds its document's tokens.
  private static func keepMode(of target: String, in file: borrowing FileDescriptor) -> Bool {
    var status = stat()
    guard unsafe stat(target, &status) == 0 else { return true }
    return fchmod(file.raw, status.st_mode & 0o777) == 0
  }

  /// Checks before long work whether a file can be made at `path`, and leaves nothing.
  ///
  /// - Throws: As `init(path:)`.
  package static func checkWritable(_ path: String) throws(SystemError) {
    _ = try AtomicFile(path: path)
  }

  /// Writes bytes at a position; gaps between written parts read as zeros.
  ///
  /// - Throws: `SystemError`, for example when the disk is full.
  package func write(_ bytes: RawSpan, at offset: UInt64) throws(SystemError) {
    var done = 0
    while done < bytes.byteCount {
      let rest = bytes.extracting(done..<bytes.byteCount)
      let written = unsafe rest.withUnsafeBytes { rest in
        uninterrupted {
          unsafe pwrite(file.raw, rest.baseAddress, rest.count, off_t(offset) + off_t(done))
        }
      }
      guard written > 0 else { throw SystemError(operation: "write", path: path) }
      done += written
    }
  }

  /// Writes an array of bytes at a position.
  package func write(_ bytes: [UInt8], at offset: UInt64) throws(SystemError) {
    unsafe try write(bytes.span.bytes, at: offset)
  }

  /// Makes a file of some bytes appear at a path, whole or not at all.
  ///
  /// - Throws: `SystemError`, as `init` and `commit` do.
  package static func write(_ bytes: [UInt8], to path: String) throws(SystemError) {
    let file = try AtomicFile(path: path)
    try file.write(bytes, at: 0)
    try file.commit()
  }

  /// Makes the file appear at its path, durably.
  ///
  /// - Throws: `SystemError`; the path then holds what it held before. There is one exception. When
  ///   the last step fails, the flush of the folder, the new file is in place and whole. A power
  ///   failure may still bring the old one back. The error says so.
  package consuming func commit() throws(SystemError) {
    guard uninterrupted({ fsync(file.raw) }) == 0 else {
      throw SystemError(operation: "flush", path: path)
    }
    try putInPlace()
    // Some network file systems cannot flush a folder; the name is then as durable as they make it.
    guard uninterrupted({ fsync(folder.raw) }) == 0 || errno == EINVAL else {
      throw SystemError(operation: SystemError.folderFlush, path: path)
    }
  }

  private mutating func putInPlace() throws(SystemError) {
    if !temporary.isTaken {
      guard !link(to: target) else { return }
      guard errno == EEXIST else { throw SystemError(operation: "create", path: path) }
      temporary.isTaken = link(to: temporary.path)
      guard temporary.isTaken else { throw SystemError(operation: "create", path: path) }
    }
    let (source, target) = (temporary.path, target)
    guard uninterrupted({ unsafe rename(source, target) }) == 0 else {
      throw SystemError(operation: "rename", path: path)
    }
    temporary.isTaken = false
  }

  /// Links the nameless file to a name that is free.
  private func link(to name: String) -> Bool {
    let source = "/proc/self/fd/\(file.raw)"
    return uninterrupted {
      unsafe linkat(AT_FDCWD, source, AT_FDCWD, name, AT_SYMLINK_FOLLOW)
    } == 0
  }

  /// `O_TMPFILE`, a macro that does not reach Swift.
  private static let nameless: Int32 = 0o20_000_000 | O_DIRECTORY
}

extension AtomicFile {
  /// The path that gets the file: a symbolic link's target, whether it exists or not. A file must
  /// not replace a folder, pipe or device. A path that cannot be inspected cannot be created
  /// either.
  private static func target(_ path: String) throws(SystemError) -> String {
    var status = stat()
    if unsafe stat(path, &status) != 0 {
      guard errno == ENOENT else { throw SystemError(operation: "create", path: path) }
    } else if status.st_mode & S_IFMT != S_IFREG {
      let code = status.st_mode & S_IFMT == S_IFDIR ? EISDIR : SystemError.notRegular
      throw SystemError(operation: "create", path: path, code: code)
    }
    var target = path
    // The system follows 40 links; more were rejected above, unless somebody changes them now.
    for _ in 0..<40 {
      guard let next = try destination(ofLink: target) else { break }
      target = next.hasPrefix("/") ? next : Folder.sibling(of: target, named: next)
    }
    return target
  }

  /// Where a symbolic link points; nil for everything else.
  ///
  /// - Throws: `SystemError` if the target is not UTF-8: the file would replace the link.
  private static func destination(ofLink path: String) throws(SystemError) -> String? {
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, count in
      count = unsafe buffer.baseAddress.map { unsafe max(0, readlink(path, $0, buffer.count)) } ?? 0
    }
    guard !bytes.isEmpty else { return nil }
    guard let destination = String(validating: bytes, as: UTF8.self) else {
      throw SystemError(operation: "create", path: path, code: EILSEQ)
    }
    return destination
  }
}
