import Platform

/// A file of a folder, as far as the folder tells without the file being opened.
package struct FolderFile: Equatable, Sendable {
  /// Its name within the folder.
  package let name: String
  /// Its size in bytes.
  package let size: UInt64
  /// When it was last written, or touched, in nanoseconds since 1970.
  package let modified: Int64
  /// What differs from any other file at this name: device and inode.
  package let place: Place

  /// A file's device and inode.
  package struct Place: Hashable, Sendable {
    private let device, inode: UInt64

    init(_ status: stat) { (device, inode) = (UInt64(status.st_dev), UInt64(status.st_ino)) }
  }
}

extension Folder {
  /// The regular files of a folder, symbolic links not followed, in ascending order of their names'
  /// bytes. A file that vanishes meanwhile is left out.
  ///
  /// - Throws: `SystemError` if it is no folder or may not be read.
  package static func files(_ path: String) throws(SystemError) -> [FolderFile] {
    let folder = FileDescriptor(
      adopting: uninterrupted { unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) })
    guard folder.raw >= 0 else { throw SystemError(operation: "open", path: path) }
    var files: [FolderFile] = []
    for name in try names(path) {
      var status = stat()
      guard unsafe fstatat(folder.raw, name, &status, AT_SYMLINK_NOFOLLOW) == 0,
        status.st_mode & S_IFMT == S_IFREG
      else { continue }
      let modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
      files.append(
        FolderFile(
          name: name, size: UInt64(status.st_size), modified: modified,
          place: FolderFile.Place(status)))
    }
    return files
  }

  /// Sets the time of a file's last write to now. A failure is of no consequence.
  package static func touch(_ path: String) { unsafe _ = utimensat(AT_FDCWD, path, nil, 0) }

  /// Gives a file another name.
  ///
  /// - Throws: `SystemError` if the name is taken, or the file system has no links.
  package static func link(_ path: String, to other: String) throws(SystemError) {
    guard unsafe Glibc.link(path, other) != 0 else { return }
    throw SystemError(operation: "create", path: other)
  }

  /// Moves a file into another folder of the same file system.
  ///
  /// - Throws: `SystemError`.
  package static func move(_ path: String, to target: String) throws(SystemError) {
    guard unsafe rename(path, target) != 0 else { return }
    throw SystemError(operation: "move", path: path)
  }
}
