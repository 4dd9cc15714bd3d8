import Platform

/// A folder of small files in the user's cache, `$XDG_CACHE_HOME` or `~/.cache`.
///
/// Callers must work without it: a file that cannot be read counts as absent, and a failed write is
/// ignored. Files that another user owns or may write count as absent, too.
package struct UserCache: Sendable {
  /// Where the files are.
  package let folder: String

  /// The cache folder for `path`, such as "qfilters/identity"; nil if the environment names none.
  package init?(_ path: String) {
    guard let folder = UserFolder.cache(path) else { return nil }
    self.folder = folder
  }

  /// The file of that name, if it has `count` bytes and no other user could have written it.
  package func read(_ name: String, count: Int) -> [UInt8]? {
    let path = Folder.path(folder, name)
    var status = stat()
    guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      status.st_uid == geteuid(), status.st_mode & 0o022 == 0, Int(status.st_size) == count,
      let file = try? RandomAccessFile(path: path)
    else { return nil }
    return try? file.read(at: 0, count: count, section: "cache")
  }

  /// Writes a file, and makes missing folders above it.
  package func write(_ bytes: [UInt8], to name: String) {
    guard UserFolder.create(folder) else { return }
    try? AtomicFile.write(bytes, to: Folder.path(folder, name))
  }
}
